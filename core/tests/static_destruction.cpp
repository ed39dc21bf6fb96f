// A static object of an application that is destroyed after the library's own static objects would
// have been: it was made before the first of them was asked for.

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "waybill/boundary.hpp"
#include "waybill/current.hpp"
#include "waybill/header_list.hpp"
#include "waybill/propagation.hpp"

namespace {

void propagate(const char* when) {
  waybill::boundary emptied;
  const waybill::boundary taken(std::move(emptied));
  const waybill::propagation settings;
  const waybill::scope active(waybill::context::new_root(true));
  waybill::context unused;
  waybill::header_list carrier;
  waybill::inject(settings.provider().current(unused), carrier, settings, waybill::any_destination);
  const waybill::extraction came = waybill::extract(carrier, settings, waybill::any_destination);
  const bool is_whole = came.context() == waybill::current() && came.context().has_trace() &&
                        emptied.find("any").label.empty();  // NOLINT(bugprone-use-after-move)
  if (is_whole) return;
  std::fprintf(stderr, "%s: the context did not arrive\n", when);
  std::_Exit(1);
}

class client {
 public:
  client() = default;
  client(const client&) = delete;
  client& operator=(const client&) = delete;
  ~client() {
    propagate("after main()");
    if (!waybill::current().is_empty()) std::_Exit(1);
  }
};

const client last_to_go;

}  // namespace

int main() {
  propagate("in main()");
  return waybill::current().is_empty() ? 0 : 1;
}

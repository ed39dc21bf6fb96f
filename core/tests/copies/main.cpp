// An executable and a shared library that both use waybill. Linked with the static library each has
// a copy and a current context of its own; linked with the shared library they share one. The
// function current_context_id() distinguishes the two cases.
#include <cstdio>
#include <cstring>
#include <waybill/current.hpp>

#include "module.hpp"

int main(int argc, char** argv) {
  const bool expects_one = argc == 2 && std::strcmp(argv[1], "one") == 0;
  const bool is_one = waybill_copies::context_id_of_module() == waybill::current_context_id();
  constexpr std::string_view traceparent =
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const waybill::scope active(waybill::context(waybill::parse_traceparent(traceparent).value()));
  const bool is_seen = waybill_copies::module_sees(traceparent);
  std::printf("one copy: %d, the library sees the executable's scope: %d\n", is_one, is_seen);
  return is_one == expects_one && is_seen == expects_one ? 0 : 1;
}

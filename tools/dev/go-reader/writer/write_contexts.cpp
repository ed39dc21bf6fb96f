// Prints contexts as waybill writes them, one on each line:
// "WHAT traceparent tracestate baggage", where "-" stands for a header that is not there.
#include <iostream>
#include <string>
#include <string_view>
#include <waybill/baggage.hpp>
#include <waybill/context.hpp>
#include <waybill/header_list.hpp>
#include <waybill/propagator.hpp>

namespace {

void print(std::string_view what, const waybill::context& context) {
  waybill::header_list headers;
  waybill::propagator().inject(context, headers);
  std::cout << what;
  for (const std::string_view name : {"traceparent", "tracestate", "baggage"}) {
    std::cout << ' ' << headers.get(name).value_or("-");
  }
  std::cout << '\n';
}

/// The context of a message from elsewhere.
waybill::context received(std::string_view flags) {
  waybill::header_list headers;
  headers.add("traceparent",
              "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-" + std::string(flags));
  headers.add("tracestate", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
  headers.add("baggage", "userId=alice");
  return waybill::propagator().extract(headers);
}

}  // namespace

int main() {
  print("root", waybill::context::new_root(true));
  print("root", waybill::context::new_root(false));
  print("root", waybill::context::new_root(true).new_child());
  print("root", waybill::context::new_root(false).new_child());
  for (const std::string_view flags : {"00", "01", "02", "03"}) {
    print("child", received(flags).new_child());
  }

  waybill::baggage items;
  items.set("note", "1+1 = 2, gr\u00fcn; 100 %");
  print("baggage", waybill::context::new_root(true).with_baggage(items));
}

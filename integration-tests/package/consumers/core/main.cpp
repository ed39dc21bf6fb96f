// An HTTP service's use of waybill: reads the context of a request and passes it on.

#include <iostream>
#include <string>
#include <string_view>
#include <waybill/header_list.hpp>
#include <waybill/propagation.hpp>

int main() {
  const std::string headers_version = std::to_string(WAYBILL_VERSION_MAJOR) + "." +
                                      std::to_string(WAYBILL_VERSION_MINOR) + "." +
                                      std::to_string(WAYBILL_VERSION_PATCH);
  if (headers_version != PACKAGE_VERSION) {
    std::cerr << "headers say " << headers_version << ", the package " << PACKAGE_VERSION << '\n';
    return 1;
  }

  constexpr std::string_view sent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  waybill::header_list request;
  request.add("Traceparent", sent);
  request.add("Accept", "*/*");
  const waybill::propagation propagation;
  const waybill::extraction taken = waybill::take(request, propagation, waybill::any_destination);

  waybill::header_list onward;
  waybill::inject(taken.context(), onward, propagation, waybill::any_destination);
  std::cout << onward.get("traceparent").value_or("nothing") << '\n';
  return request.size() == 1 && onward.get("traceparent") == sent ? 0 : 1;
}

// Reading and writing are different interfaces: what can only be read cannot be written to, and
// what is no carrier at all is refused at the call.
#include <waybill/header_list.hpp>
#include <waybill/propagation.hpp>

struct read_only_headers {
  static constexpr waybill::carrier_rules rules = waybill::http_rules;
  template <class F>
  void for_each(F&& visit) const {
    visit("traceparent", std::string_view("text"));
  }
};
struct no_carrier {};

void use(waybill::header_list& headers, const waybill::header_list& constant_headers,
         read_only_headers& read_only, [[maybe_unused]] no_carrier& nothing,
         const waybill::propagation& settings) {
  const waybill::context context;
  inject(context, headers, settings, waybill::any_destination);
  static_cast<void>(extract(constant_headers, settings, waybill::any_destination));
  static_cast<void>(extract(read_only, settings, waybill::any_destination));
  static_cast<void>(take(headers, settings, waybill::any_destination));
#if WAYBILL_MUST_FAIL == 1
  inject(context, read_only, settings, waybill::any_destination);
#elif WAYBILL_MUST_FAIL == 2
  inject(context, constant_headers, settings, waybill::any_destination);
#elif WAYBILL_MUST_FAIL == 3
  static_cast<void>(take(read_only, settings, waybill::any_destination));
#elif WAYBILL_MUST_FAIL == 4
  static_cast<void>(extract(nothing, settings, waybill::any_destination));
#elif WAYBILL_MUST_FAIL == 5
  inject(context, waybill::header_list(), settings, waybill::any_destination);
#endif
}

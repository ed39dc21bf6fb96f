// peek borrows from the carrier, so the carrier cannot be a temporary, unless the carrier is
// itself only a view of something that lives longer.
#include <waybill/header_list.hpp>
#include <waybill/propagation.hpp>

struct borrowed_headers {
  static constexpr waybill::carrier_rules rules = waybill::http_rules;
  const waybill::header_list* headers;
  template <class F>
  void for_each(F&& visit) const {
    headers->for_each(visit);
  }
};
template <>
inline constexpr bool waybill::is_borrowed_carrier<borrowed_headers> = true;

waybill::header_list make_headers();
const waybill::header_list make_constant_headers();

bool borrow(const waybill::propagator& formats, const waybill::propagation& settings) {
  const waybill::header_list kept = make_headers();
  bool good = formats.peek(kept).has_value() &&
              waybill::peek(kept, settings, waybill::any_destination).has_value();
  good &= formats.peek(borrowed_headers{&kept}).has_value();
  good &= waybill::peek(borrowed_headers{&kept}, settings, waybill::any_destination).has_value();
  good &= formats.extract(make_headers()).is_empty();
  good &= waybill::extract(make_headers(), settings, waybill::any_destination).context().is_empty();
#if WAYBILL_MUST_FAIL == 1
  good &= formats.peek(make_headers()).has_value();
#elif WAYBILL_MUST_FAIL == 2
  good &= formats.peek(make_constant_headers()).has_value();
#elif WAYBILL_MUST_FAIL == 3
  good &= waybill::peek(make_headers(), settings, "orders").has_value();
#elif WAYBILL_MUST_FAIL == 4
  good &= waybill::peek(make_constant_headers(), settings, "orders").has_value();
#endif
  return good;
}

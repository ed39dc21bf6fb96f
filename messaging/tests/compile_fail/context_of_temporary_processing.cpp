// The context of a processing lives in it, so it cannot be borrowed from one that is about to go.
#include <waybill/messaging/receiving.hpp>

waybill::messaging::processing make_processing();
const waybill::messaging::processing make_constant_processing();

bool borrow() {
  const waybill::messaging::processing kept = make_processing();
  bool good = kept.context().is_empty();
#if WAYBILL_MUST_FAIL == 1
  good &= make_processing().context().is_empty();
#elif WAYBILL_MUST_FAIL == 2
  good &= make_constant_processing().context().is_empty();
#endif
  return good;
}

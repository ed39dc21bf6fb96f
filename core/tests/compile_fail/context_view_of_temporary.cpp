// A context_view borrows, so it cannot be made from a context that is about to go.
#include <waybill/context.hpp>

waybill::context make_context();
const waybill::context make_constant_context();
void look_at(const waybill::context_view& view);

void borrow() {
  const waybill::context kept = make_context();
  const waybill::context_view view(kept);
  look_at(view);
  look_at(kept);
#if WAYBILL_MUST_FAIL == 1
  const waybill::context_view dangling(make_context());
#elif WAYBILL_MUST_FAIL == 2
  const waybill::context_view dangling(make_constant_context());
#elif WAYBILL_MUST_FAIL == 3
  const waybill::context_view dangling = kept.new_child();
#elif WAYBILL_MUST_FAIL == 4
  look_at(make_context());
#endif
}

// baggage_view and tracestate_view borrow, so they cannot be made from what is about to go.
#include <waybill/baggage.hpp>
#include <waybill/tracestate.hpp>

waybill::context make_context();
const waybill::context make_constant_context();
waybill::baggage make_baggage();
waybill::tracestate make_tracestate();

bool borrow() {
  const waybill::context kept = make_context();
  const waybill::baggage items = make_baggage();
  const waybill::tracestate state = make_tracestate();
  const waybill::baggage_view of_items(items);
  const waybill::baggage_view of_context(kept);
  const waybill::tracestate_view of_state(state);
  const waybill::tracestate_view of_the_same_context(kept);
#if WAYBILL_MUST_FAIL == 1
  const waybill::baggage_view dangling(make_context());
#elif WAYBILL_MUST_FAIL == 2
  const waybill::baggage_view dangling(make_constant_context());
#elif WAYBILL_MUST_FAIL == 3
  const waybill::baggage_view dangling(make_baggage());
#elif WAYBILL_MUST_FAIL == 4
  const waybill::tracestate_view dangling(make_context());
#elif WAYBILL_MUST_FAIL == 5
  const waybill::tracestate_view dangling(make_constant_context());
#elif WAYBILL_MUST_FAIL == 6
  const waybill::tracestate_view dangling(make_tracestate());
#endif
  return of_items.is_empty() && of_context.is_empty() && of_state.is_empty() &&
         of_the_same_context.is_empty();
}

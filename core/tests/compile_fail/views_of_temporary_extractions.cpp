// What borrows from a context, an extraction or a propagation cannot be asked of a temporary; what
// can be copied is a copy then.
#include <waybill/header_list.hpp>
#include <waybill/propagation.hpp>

waybill::context make_context();
waybill::extraction make_extraction();
waybill::propagation make_propagation();

bool borrow() {
  const waybill::extraction kept = make_extraction();
  bool good = kept.parent() == nullptr && kept.links().empty() && kept.creation().empty();
  good &= kept.context().baggage_text().empty() && kept.context().tracestate_text().empty();
  const waybill::context copy = make_extraction().context();
  const waybill::span_context& sender = make_extraction().sender();
  const waybill::extract_report& report = make_extraction().report();
  good &= copy.is_empty() && sender.is_remote() && report.repeated == 0;
#if WAYBILL_MUST_FAIL == 1
  good &= make_extraction().parent() == nullptr;
#elif WAYBILL_MUST_FAIL == 2
  good &= make_extraction().links().empty();
#elif WAYBILL_MUST_FAIL == 3
  good &= make_extraction().creation().empty();
#elif WAYBILL_MUST_FAIL == 4
  good &= make_context().baggage_text().empty();
#elif WAYBILL_MUST_FAIL == 5
  good &= make_context().tracestate_text().empty();
#elif WAYBILL_MUST_FAIL == 6
  good &= make_extraction().context().baggage_text().empty();
#elif WAYBILL_MUST_FAIL == 7
  good &= make_propagation().propagator().fields().empty();
#elif WAYBILL_MUST_FAIL == 8
  good &= make_propagation().diagnostics() == nullptr;
#elif WAYBILL_MUST_FAIL == 9
  good &= make_propagation().boundary().size() == 1;
#elif WAYBILL_MUST_FAIL == 10
  good &= make_propagation().tracer() == nullptr;
#endif
  return good;
}

// Whatever is read and written again is read as the same, and writing it once more changes
// nothing. README.md says how an input is laid out.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>
#include <waybill/baggage.hpp>
#include <waybill/header_list.hpp>
#include <waybill/propagator.hpp>
#include <waybill/tracestate.hpp>

#include "support/headers.hpp"
#include "support/require.hpp"

namespace {

using waybill_fuzz::require;

void check_written(const waybill::header_list& headers, const waybill::inject_report& report,
                   const waybill::context& context) {
  std::size_t fields = 0;
  for (const auto& header : headers) {
    ++fields;
    require(!header.value.empty(), "no field is empty");
    for (const char c : header.value) require(c >= 0x20 && c <= 0x7e, "fields are printable");
    require(header.value.front() != ' ' && header.value.back() != ' ', "no space at the ends");
  }
  require(report.trace == context.has_trace(), "the report tells of the trace");
  require(report.tracestate == !context.tracestate_text().empty(), "and of the tracestate");
  require(report.baggage == context.has_baggage(), "and of the baggage");
  const int written =
      (report.trace ? 1 : 0) + (report.tracestate ? 1 : 0) + (report.baggage ? 1 : 0);
  require(fields == static_cast<std::size_t>(written), "each field once");
}

void check_parts(const waybill::context& context, const waybill::limits& limits) {
  if (context.tracestate_text().size() <= limits.field_scan_bytes_max) {
    const auto state = waybill::tracestate::parse(context.tracestate_text(), limits);
    require(state.has_value() && state->text() == context.tracestate_text(), "tracestate again");
  }
  const auto items = waybill::baggage::parse(context.baggage_text(), limits);
  require(items.status == waybill::errc::ok, "baggage is good again");
  require(items.items.text() == context.baggage_text(), "and the same");
  require(items.items.members() == context.baggage_members(), "with as many members");
  const waybill::context copy(context.span_context(), waybill::tracestate(context),
                              waybill::baggage(context, limits));
  require(copy == context, "a context of the same parts is the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  waybill_fuzz::input from(data, size);
  const unsigned choice = from.byte();
  const waybill::carrier_rules rules = waybill_fuzz::rules_of(choice);
  const waybill::limits limits = waybill_fuzz::limits_of(from.byte());
  auto received = waybill_fuzz::carrier_of(waybill_fuzz::headers_of(from, choice), rules);
  const waybill::propagator formats;
  const waybill::context taken = formats.extract(received, limits);
  check_parts(taken, limits);

  waybill::header_list sent(rules);
  const waybill::inject_report report = formats.inject(taken, sent, limits);
  require(report.code == waybill::errc::ok, "what was within the limits still is");
  check_written(sent, report, taken);
  // A raw limit below the 55 bytes of a traceparent lets nothing be read.
  const bool is_readable = !taken.has_trace() || limits.field_scan_bytes_max >= 55;
  waybill::extract_report again;
  if (is_readable) {
    require(formats.extract(sent, limits, &again) == taken, "reads as it was written");
    require(again.members_dropped == 0 && again.repeated == 0, "nothing is dropped or repeated");
    require(formats.peek(sent, limits).has_value(), "what was written needs no copy");
  }
  waybill::header_list sent_again = sent;
  formats.inject(taken, sent_again, limits);
  require(sent_again == sent, "writing again changes nothing");

  const auto others = waybill_fuzz::without_fields(received);
  formats.inject(taken, received, limits);
  require(waybill_fuzz::without_fields(received) == others, "other headers stay as they are");
  if (taken.has_trace() && is_readable) {
    require(formats.extract(received, limits) == taken, "the whole field set is replaced");
    require(received.headers().size() == others.size() + sent.size(), "each field is there once");
  }
  return 0;
}

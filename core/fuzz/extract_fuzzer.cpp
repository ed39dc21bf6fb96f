// Reads whatever a stranger may send, writes it again, and checks what must hold of any input.
// README.md beside this file says how an input is laid out and how to run it.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "waybill/baggage.hpp"
#include "waybill/header_list.hpp"
#include "waybill/propagator.hpp"
#include "waybill/tracestate.hpp"

namespace {

void require(bool holds, const char* rule) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", rule);
  std::abort();
}

std::string_view name_of(char selector) {
  switch (selector) {
    case 't':
      return "traceparent";
    case 'T':
      return "TraceParent";
    case 's':
      return "tracestate";
    case 'S':
      return "TRACESTATE";
    case 'b':
      return "baggage";
    case 'B':
      return "Baggage";
    default:
      return "application";
  }
}

waybill::header_list headers_of(std::string_view lines, waybill::carrier_rules rules) {
  waybill::header_list headers(rules);
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    const std::string_view line = lines.substr(0, end);
    if (!line.empty()) headers.add(name_of(line.front()), line.substr(1));
    lines = end == std::string_view::npos ? std::string_view{} : lines.substr(end + 1);
  }
  return headers;
}

bool is_printable(std::string_view text) {
  for (const char c : text) {
    if (c < 0x20 || c > 0x7e) return false;
  }
  return true;
}

std::size_t count_of(const waybill::header_list& headers, std::string_view name) {
  std::size_t count = 0;
  for (const auto& header : headers) count += header.name == name ? 1 : 0;
  return count;
}

void check_texts(const waybill::context& context, const waybill::limits& limits) {
  require(is_printable(context.tracestate_text()), "a tracestate is printable ASCII");
  require(is_printable(context.baggage_text()), "baggage is printable ASCII");
  require(context.has_trace() || context.tracestate_text().empty(),
          "no tracestate without a trace");
  require(context.tracestate_text().size() <= limits.tracestate_bytes_max, "tracestate bytes");
  require(context.baggage_text().size() <= limits.baggage_bytes_max, "baggage bytes");
  require(context.baggage_members() <= limits.baggage_members_max, "baggage members");

  std::size_t members = 0;
  for (const waybill::tracestate_member& member : waybill::tracestate_view(context)) {
    ++members;
    require(!member.key.empty() && !member.value.empty(), "a tracestate member has both parts");
  }
  require(members <= waybill::tracestate_members_max, "tracestate members");
  members = 0;
  for (const waybill::baggage_member& member : waybill::baggage_view(context)) {
    ++members;
    require(!member.key.empty(), "a baggage member has a name");
    // One byte that is no UTF-8 takes three as an escape, and three as U+FFFD.
    require(member.value().size() <= member.raw_value.size() * 3, "decoding does not explode");
    for (const waybill::baggage_property& property : member.properties()) {
      require(!property.key.empty(), "a baggage property has a name");
    }
  }
  require(members <= context.baggage_members(), "a repeated name is listed once");
}

void check_changes(const waybill::context& context, const waybill::limits& limits) {
  waybill::baggage items(context, limits);
  require(items.text() == context.baggage_text(), "unchanged baggage stays byte for byte");
  const waybill::errc code = items.set("fuzz", "a value, and more");
  if (code == waybill::errc::ok) {
    require(items.get("fuzz") == "a value, and more", "what was set is read");
    require(items.text().size() <= limits.baggage_bytes_max, "set keeps the limit");
    require(items.remove("fuzz"), "what was set can be removed");
    require(!items.get("fuzz").has_value(), "what was removed is gone");
  }

  waybill::tracestate state(context);
  require(state.set("fuzz", "1") == waybill::errc::ok, "a full tracestate makes room");
  require(state.get("fuzz") == "1", "what was set is read");
  require(waybill::tracestate::parse(state.text()).has_value(), "a changed tracestate is valid");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const waybill::carrier_rules rules{
      static_cast<waybill::duplicate_rule>(data[0] % 4),
      static_cast<waybill::name_rule>(data[0] / 4 % 3),
  };
  waybill::limits limits;
  if (data[1] % 2 != 0) {
    limits.tracestate_bytes_max = 64U + data[1];
    limits.baggage_members_max = 1U + data[1] % 8;
    limits.baggage_bytes_max = 16U + data[1];
    limits.field_scan_bytes_max = 1024U;
  }
  waybill::header_list received = headers_of(input.substr(2), rules);
  const waybill::propagator propagator;

  const waybill::context taken = propagator.extract(received, limits);
  check_texts(taken, limits);
  check_changes(taken, limits);
  if (const auto view = propagator.peek(received, limits); view.has_value()) {
    require(waybill::context(*view) == taken, "peek shows what extract copies");
  }

  waybill::header_list sent(rules);
  propagator.inject(taken, sent, limits);
  waybill::extract_report report;
  require(propagator.extract(sent, limits, &report) == taken, "what is written reads as it was");
  require(report.members_dropped == 0, "nothing that is written is dropped");

  const std::size_t application_headers = count_of(received, "application");
  if (taken.has_trace() && taken.has_baggage()) {
    waybill::header_list resent = received;
    propagator.inject(taken, resent, limits);
    require(propagator.extract(resent, limits) == taken, "inject replaces the whole field set");
    require(count_of(resent, "application") == application_headers, "inject leaves other headers");
  }
  propagator.strip(received);
  require(propagator.extract(received, limits).is_empty(), "strip takes every field away");
  require(count_of(received, "application") == application_headers, "strip leaves other headers");
  return 0;
}

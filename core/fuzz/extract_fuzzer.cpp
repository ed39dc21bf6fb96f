// Reads whatever a stranger may send, on every kind of carrier, and checks what must hold of any
// input. README.md says how an input is laid out.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <waybill/baggage.hpp>
#include <waybill/header_list.hpp>
#include <waybill/propagator.hpp>
#include <waybill/tracestate.hpp>

#include "support/headers.hpp"
#include "support/require.hpp"

namespace {

using waybill_fuzz::require;

bool is_printable(std::string_view text) {
  for (const char c : text) {
    if (c < 0x20 || c > 0x7e) return false;
  }
  return true;
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
    for (const waybill::baggage_property& property : member.properties()) {
      require(!property.key.empty(), "a baggage property has a name");
    }
  }
  require(members <= context.baggage_members(), "a repeated name is listed once");
}

void check_copies(const waybill::context& taken) {
  waybill::context assigned = waybill::context::new_root(true);
  assigned = taken;
  const waybill::context moved = std::move(assigned);
  require(moved == taken && waybill::context(waybill::context_view(moved)) == taken, "copies");
  const waybill::context child = taken.new_child();
  require(child.baggage_text() == taken.baggage_text(), "a child keeps the baggage");
  const waybill::context without = taken.without_baggage();
  require(without.tracestate_text() == taken.tracestate_text(), "and without it");
}

/// The same bytes through carriers of our own: as a list of headers, and asked by name.
void check_carriers(const std::vector<waybill_test::reference::header>& headers,
                    waybill::carrier_rules rules, const waybill::limits& limits) {
  waybill::header_list list(rules);
  waybill_test::keyed_headers keyed;
  for (const auto& header : headers) {
    list.add(header.name, header.value);
    keyed.set(header.name, header.value);
  }
  const waybill::propagator formats;
  check_texts(formats.extract(keyed, limits), limits);
  const waybill::context taken = formats.extract(list, limits);
  check_texts(taken, limits);
  if (headers.empty()) return;
  const std::string& name = headers.front().name;
  require(list.get(name).has_value(), "what was added is found");
  list.set(name, "changed");
  require(list.get(name) == "changed", "what was set is found");
  list.erase(name);
  require(!list.get(name).has_value(), "what was erased is gone");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  waybill_fuzz::input from(data, size);
  const unsigned choice = from.byte();
  const waybill::carrier_rules rules = waybill_fuzz::rules_of(choice);
  const waybill::limits limits = waybill_fuzz::limits_of(from.byte());
  const auto headers = waybill_fuzz::headers_of(from, choice);
  auto received = waybill_fuzz::carrier_of(headers, rules);
  const waybill::propagator formats;

  waybill::extract_report report;
  const waybill::context taken = formats.extract(received, limits, &report);
  check_texts(taken, limits);
  check_copies(taken);
  waybill::extract_report peeked;
  const auto view = formats.peek(received, limits, &peeked);
  require(view.has_value() ? waybill::context(*view) == taken
                           : view.error() == waybill::errc::needs_copy,
          "peek shows what extract copies");
  require(peeked.fields == report.fields && peeked.repeated == report.repeated &&
              peeked.members_dropped == report.members_dropped,
          "peek reports what extract reports");

  const auto others = waybill_fuzz::without_fields(received);
  require(formats.strip(received) == waybill::errc::ok, "strip does not fail");
  require(received.headers() == others, "strip takes every field and nothing else");
  require(formats.extract(received, limits).is_empty(), "nothing is left to read");
  check_carriers(headers, rules, limits);
  return 0;
}

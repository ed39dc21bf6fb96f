// Messages across a boundary with a baggage policy, inbound and outbound. Byte 0: rules; byte 1:
// limits; byte 2: the policy's rule, the inbound and the outbound mode; bytes 3 and 4: its members
// and bytes at most. The first line has the policy's keys, with <VT> between them, the others are
// headers as README.md says.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>
#include <waybill/header_list.hpp>
#include <waybill/propagation.hpp>

#include "../../testing/support/reference/baggage.hpp"
#include "support/headers.hpp"
#include "support/require.hpp"

namespace {

namespace reference = waybill_test::reference;
using waybill_fuzz::require;

/// What passes of written baggage: up to the first member over a limit.
std::string passing(const std::string& text, const waybill::baggage_policy& policy) {
  using rule = waybill::baggage_policy::rule;
  std::vector<std::string> members;
  for (const std::string& member :
       text.empty() ? std::vector<std::string>{} : reference::split(text, ',')) {
    bool is_listed = false;
    for (const std::string& key : policy.keys) {
      is_listed = is_listed || key == member.substr(0, member.find('='));
    }
    const bool passes = policy.keys_rule == rule::all ||
                        (policy.keys_rule == rule::only && is_listed) ||
                        (policy.keys_rule == rule::except && !is_listed);
    if (!passes) continue;
    members.push_back(member);
    if (members.size() > policy.members_max ||
        reference::join(members, ',').size() > policy.bytes_max) {
      members.pop_back();
      break;
    }
  }
  return reference::join(members, ',');
}

waybill::baggage_policy policy_of(unsigned rule, unsigned members, unsigned bytes,
                                  std::string keys) {
  waybill::baggage_policy policy;
  policy.keys_rule = static_cast<waybill::baggage_policy::rule>(rule % 4);
  if (members != '0') policy.members_max = members % 64;
  if (bytes != '0') policy.bytes_max = bytes;
  while (!keys.empty()) policy.keys.push_back(waybill_fuzz::next_part(keys));
  return policy;
}

/// `sent` is what the headers hold, whatever the boundary says.
void check_inbound(const waybill::extraction& taken, const waybill::context& sent,
                   const waybill::boundary_entry& entry) {
  require(taken.sender() == sent.span_context(), "the sender as it wrote itself");
  const waybill::context& used = taken.context();
  if (entry.inbound == waybill::inbound_mode::ignore) {
    require(used.is_empty() && taken.parent() == nullptr, "ignored as if nothing had come");
    return;
  }
  require(used.baggage_text() == passing(std::string(sent.baggage_text()), entry.baggage_in),
          "only what may pass came in");
  require(used.has_trace() == sent.has_trace(), "a trace where there was one");
  const bool adopts = entry.inbound == waybill::inbound_mode::adopt;
  if (sent.has_trace()) {
    require((used.span_context() == sent.span_context()) == adopts,
            "the same trace only when it is adopted");
    require(adopts || used.tracestate_text().empty(), "a new trace has no tracestate");
  }
  const bool links = entry.inbound == waybill::inbound_mode::link && sent.has_trace();
  require(taken.links().size() == (links ? 1U : 0U), "linked in link mode alone");
}

void check_outbound(const waybill::context& context, const waybill::propagation& settings,
                    waybill_test::broker_headers headers) {
  const waybill::boundary_entry& entry = settings.boundary().find(waybill::any_destination);
  const auto others = waybill_fuzz::without_fields(headers);
  waybill::inject(context, headers, settings, waybill::any_destination);
  require(waybill_fuzz::without_fields(headers) == others, "other headers stay as they are");
  const waybill::context read = settings.propagator().extract(headers, settings.limits());
  switch (entry.outbound) {
    case waybill::outbound_mode::nothing:
      require(headers.headers() == others, "nothing goes out");
      break;
    case waybill::outbound_mode::trace_only:
      require(!context.has_trace() || headers.values("baggage").empty(), "no baggage goes out");
      break;
    case waybill::outbound_mode::everything:
      if (!context.has_trace() || settings.limits().field_scan_bytes_max < 55) break;
      require(
          read.baggage_text() == passing(std::string(context.baggage_text()), entry.baggage_out),
          "only what may pass goes out");
      require(read.span_context() == context.span_context(), "and the trace");
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  waybill_fuzz::input from(data, size);
  const unsigned choice = from.byte();
  const waybill::carrier_rules rules = waybill_fuzz::rules_of(choice);
  const waybill::limits limits = waybill_fuzz::limits_of(from.byte());
  const unsigned modes = from.byte();
  const unsigned members = from.byte();
  const unsigned bytes = from.byte();
  const waybill::baggage_policy policy = policy_of(modes, members, bytes, from.line());
  const waybill::boundary_entry entry{
      .inbound = static_cast<waybill::inbound_mode>(modes / 4 % 4),
      .outbound = static_cast<waybill::outbound_mode>(modes / 16 % 3),
      .baggage_in = policy,
      .baggage_out = policy,
  };
  const waybill::propagation settings(waybill::propagation_options{
      .boundary = waybill::boundary(entry), .limits = limits, .diagnostics = nullptr});
  const auto received = waybill_fuzz::carrier_of(waybill_fuzz::headers_of(from, choice), rules);

  auto taken_from = received;
  const waybill::extraction taken = waybill::take(taken_from, settings, waybill::any_destination);
  require(taken_from.headers() == waybill_fuzz::without_fields(received), "all was taken");
  const waybill::context sent = settings.propagator().extract(received, limits);
  check_inbound(taken, sent, entry);
  if (const auto view = waybill::peek(received, settings, waybill::any_destination);
      view.has_value()) {
    require(waybill::context(*view) == taken.context(), "peek shows what may come in");
  }
  check_outbound(sent, settings, received);
  check_outbound(taken.context(), settings, taken_from);
  return 0;
}

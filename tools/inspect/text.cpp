#include "text.hpp"

#include <algorithm>
#include <iterator>
#include <waybill/baggage.hpp>
#include <waybill/tracestate.hpp>

#include "faults.hpp"
#include "printable.hpp"
#include "words.hpp"

namespace waybill::tool {

namespace {

void add_trace(const span_context& trace, std::string& out) {
  if (!trace.is_valid()) {
    out += "trace: none\n";
    return;
  }
  out += concat({"trace\n  trace id  ", trace.trace_id().hex()});
  out += concat({"\n  span id   ", trace.span_id().hex()});
  out += concat({"\n  flags     ", flags_of(trace)});
  out += trace.is_sampled() ? " (sampled" : " (not sampled";
  out += trace.is_random() ? ", random trace id)\n" : ", trace id not said to be random)\n";
}

void add_tracestate(const context& understood, std::string& out) {
  const tracestate_view members(understood);
  if (members.is_empty()) {
    out += "tracestate: none\n";
    return;
  }
  const auto count = static_cast<std::size_t>(std::distance(members.begin(), members.end()));
  out += concat({"tracestate: ", counted(count, "member"), "\n"});
  for (const tracestate_member& each : members) {
    out += concat({"  ", escaped(each.key), " = ", in_quotes(each.value), "\n"});
  }
}

void add_baggage(const context& understood, std::string& out) {
  const baggage_view members(understood);
  if (members.is_empty()) {
    out += "baggage: none\n";
    return;
  }
  const auto count = static_cast<std::size_t>(std::distance(members.begin(), members.end()));
  out += concat({"baggage: ", counted(count, "member"), "\n"});
  for (const baggage_member& each : members) {
    out += concat({"  ", escaped(each.key), " = ", in_quotes(each.value()), "\n"});
    for (const baggage_property& property : each.properties()) {
      out += concat({"    ; ", escaped(property.key)});
      if (property.value.has_value()) out += concat({" = ", in_quotes(*property.value)});
      out += "\n";
    }
  }
}

void add_fields(const given_headers& headers, const inspection& seen, std::string& out) {
  const std::span<const field> fields = seen.formats.fields();
  std::size_t width = 0;
  for (const field& each : fields) width = std::max(width, each.name.size());
  out += fields.empty() ? "fields: none, for there is no format\n" : "fields\n";
  for (std::size_t i = 0; i < fields.size(); ++i) {
    out += concat({"  ", fields[i].name, std::string(width - fields[i].name.size() + 2, ' ')});
    out += name(seen.report.fields[i]);
    const auto count =
        std::count_if(headers.fields.begin(), headers.fields.end(),
                      [&](const auto& each) { return seen.formats.field_index(each.name) == i; });
    if (count > 1) out += concat({" (", std::to_string(count), " times)"});
    out += "\n";
  }
  if (headers.ignored == 0) return;
  out += concat({"  not looked at: ", counted(headers.ignored, "other header")});
  std::string_view separator = ": ";
  for (const std::string& each : headers.ignored_names) {
    out += separator;
    out += escaped(abridged(each));
    separator = ", ";
  }
  out += headers.ignored > headers.ignored_names.size() ? ", ...\n" : "\n";
}

void add_sent_on(const header_list& sent_on, std::string& out) {
  out += sent_on.is_empty() ? "sent on: nothing\n" : "sent on\n";
  for (const header_list::header& each : sent_on) {
    out += concat({"  ", each.name, ": ", escaped(each.value), "\n"});
  }
}

void add_fault(const header_list& headers, const fault& wrong, std::string& out) {
  out += concat({"\n", wrong.field, ": ", name(wrong.code), "\n"});
  out += concat({"  ", wrong.words, "\n"});
  if (!wrong.consequence.empty()) out += concat({"  ", wrong.consequence, "\n"});
  if (wrong.where.has_value()) {
    const header_list::header& header =
        *(headers.begin() + static_cast<std::ptrdiff_t>(wrong.where->header));
    const std::string prefix = concat({"    ", escaped(abridged(header.name)), ": "});
    const marked_line line = marked(header.value, wrong.where->offset, wrong.where->bytes);
    out += concat({prefix, line.text, "\n"});
    out += concat({std::string(prefix.size(), ' '), line.carets});
    const bool is_behind = wrong.where->offset == header.value.size();
    out += is_behind ? " at the end" : concat({" byte ", std::to_string(wrong.where->offset + 1)});
    out += concat({" of ", std::to_string(header.value.size()), "\n"});
  }
  if (wrong.rule.has_value()) {
    out += concat({"  ", wrong.rule->title, "\n  ", wrong.rule->link, "\n"});
  }
}

}  // namespace

std::string to_text(const given_headers& headers, const inspection& seen) {
  std::string out;
  add_trace(seen.understood.span_context(), out);
  add_tracestate(seen.understood, out);
  add_baggage(seen.understood, out);
  add_fields(headers, seen, out);
  add_sent_on(seen.sent_on, out);
  if (seen.is_good()) return out;
  const fault_list wrong = find_faults(headers.fields, seen);
  for (const fault& each : wrong.faults) add_fault(headers.fields, each, out);
  if (wrong.members_not_shown > 0) {
    out += concat(
        {"\n", counted(wrong.members_not_shown, "more bad member"), " of baggage dropped\n"});
  }
  return out;
}

}  // namespace waybill::tool

#include "facts.hpp"

#include <algorithm>
#include <charconv>

namespace order_pipeline {

namespace {

std::int64_t number(const std::string& text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

span_facts to_span(const log_entry& entry) {
  span_facts span;
  span.service = entry.get("service");
  span.name = entry.get("name");
  span.kind = entry.get("kind");
  span.trace = entry.get("trace");
  span.id = entry.get("span");
  span.parent = entry.get("parent");
  span.outcome = entry.get("outcome");
  span.start_ns = number(entry.get("start_ns"));
  span.end_ns = number(entry.get("end_ns"));
  for (const std::string& link : entry.all("link")) {
    const std::size_t space = std::min(link.find(' '), link.size());
    span.links.emplace_back(link.substr(0, space), link.substr(std::min(space + 1, link.size())));
  }
  return span;
}

std::vector<log_entry> of_order(const std::vector<log_entry>& log, std::string_view kind,
                                const std::string& order) {
  std::vector<log_entry> found;
  for (const log_entry& entry : log) {
    if (entry.kind() == kind && entry.get("order") == order) found.push_back(entry);
  }
  return found;
}

}  // namespace

std::vector<stage_source> read_stages(std::string_view text) {
  std::vector<stage_source> stages;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view each = text.substr(0, end);
    const std::size_t equals = std::min(each.find('='), each.size());
    stages.push_back({std::string(each.substr(0, equals)),
                      std::string(each.substr(std::min(equals + 1, each.size())))});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return stages;
}

run_facts read_facts(const std::string& folder, const std::vector<stage_source>& stages,
                     const std::vector<std::string>& orders) {
  run_facts facts;
  for (const std::string& id : orders) facts.orders.push_back({id, {}});
  for (const stage_source& source : stages) {
    const bool is_first = source.wire.empty();
    const std::vector<log_entry> log = read_log(folder + "/" + source.service + ".log");
    const std::vector<log_entry> came =
        is_first ? log : read_log(folder + "/" + source.wire + ".wire");
    for (const log_entry& entry : log) {
      if (entry.kind() == "span") facts.spans.push_back(to_span(entry));
    }
    for (order_facts& order : facts.orders) {
      stage found{source.service,
                  of_order(came, is_first ? "arrived" : "wire", order.id),
                  of_order(log, "saw", order.id),
                  {}};
      for (const log_entry& did : of_order(log, "did", order.id)) found.did = did.get("what");
      const bool passed_by = found.came.empty() && found.saw.empty();
      if (!is_first || !passed_by) order.stages.push_back(std::move(found));
    }
  }
  std::ranges::stable_sort(facts.spans, {}, &span_facts::start_ns);
  return facts;
}

std::string lower_case(std::string_view name) {
  std::string lower(name);
  for (char& each : lower) {
    if (each >= 'A' && each <= 'Z') each = static_cast<char>(each - 'A' + 'a');
  }
  return lower;
}

bool is_context_field(std::string_view name) {
  const std::string lower = lower_case(name);
  return lower == "traceparent" || lower == "tracestate" || lower == "baggage";
}

std::optional<std::string> last_value(const std::vector<header>& headers, std::string_view name) {
  const auto found = std::find_if(headers.rbegin(), headers.rend(),
                                  [&](const header& each) { return each.name == name; });
  return found == headers.rend() ? std::nullopt : found->value;
}

std::optional<position> position_in(const std::vector<header>& headers) {
  const std::string value = last_value(headers, "traceparent").value_or("");
  if (value.size() != 55 || !value.starts_with("00-")) return std::nullopt;
  return position{value.substr(3, 32), value.substr(36, 16)};
}

std::string trace_of(const order_facts& order) {
  if (order.stages.empty() || order.stages.front().came.empty()) return {};
  const stage& first = order.stages.front();
  const auto came_with = position_in(first.came.front().headers());
  if (came_with.has_value()) return came_with->trace;
  return first.saw.empty() ? std::string() : first.saw.front().get("trace");
}

const span_facts* find_span(const run_facts& facts, std::string_view trace, std::string_view id) {
  const auto found = std::ranges::find_if(
      facts.spans, [&](const span_facts& span) { return span.trace == trace && span.id == id; });
  return found == facts.spans.end() ? nullptr : &*found;
}

}  // namespace order_pipeline

#include "checks.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <span>

namespace order_pipeline {

namespace {

std::vector<header> application_headers(const std::vector<header>& headers) {
  std::vector<header> rest;
  std::ranges::copy_if(headers, std::back_inserter(rest),
                       [](const header& each) { return !is_context_field(each.name); });
  return rest;
}

std::string percent_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const std::string_view digits = text.substr(std::min(i + 1, text.size()), 2);
    const char* end = digits.data() + digits.size();
    if (text[i] == '%' && digits.size() == 2 &&
        std::from_chars(digits.data(), end, value, 16).ptr == end) {
      decoded += static_cast<char>(value);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

/// The members of a baggage field as a service logs them: "key = value".
std::vector<std::string> baggage_in(const std::vector<header>& headers) {
  std::vector<std::string> members;
  std::string text = last_value(headers, "baggage").value_or("");
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string member = text.substr(0, comma);
    const std::size_t equals = std::min(member.find('='), member.size());
    members.push_back(member.substr(0, equals) + " = " +
                      percent_decode(member.substr(std::min(equals + 1, member.size()))));
    text.erase(0, comma + 1);
  }
  return members;
}

class judgement {
 public:
  judgement(const run_facts& facts, const order_facts& order)
      : facts_(facts), order_(order), trace_(trace_of(order)) {}

  verdict reach() {
    require(!trace_.empty(), "it has no trace at all");
    bool is_complete = true;
    for (const stage& each : order_.stages) {
      is_complete = require(each.came.size() == 1, each.service + " was sent it " +
                                                       std::to_string(each.came.size()) + " times");
      is_complete &= require(each.saw.size() == 1, each.service + " handled it " +
                                                       std::to_string(each.saw.size()) + " times");
      if (!is_complete) return std::move(verdict_);
    }
    for (std::size_t i = 0; i < order_.stages.size(); ++i) {
      check_what_was_seen(order_.stages[i]);
      if (i == 0) {
        check_beginning(order_.stages[i]);
      } else {
        check_what_was_sent(order_.stages[i - 1], order_.stages[i]);
      }
    }
    check_spans();
    return std::move(verdict_);
  }

 private:
  bool require(bool holds, const std::string& problem) {
    if (!holds) verdict_.problems.push_back("order " + order_.id + ": " + problem);
    return holds;
  }

  void check_what_was_seen(const stage& at) {
    const log_entry& came = at.came.front();
    const log_entry& saw = at.saw.front();
    require(saw.get("trace") == trace_, at.service + " lost the context: it works in trace \"" +
                                            saw.get("trace") + "\", not in " + trace_);
    for (const header& each : saw.headers()) {
      if (require(!is_context_field(each.name),
                  at.service + "'s application saw the field " + each.name)) {
        continue;
      }
      ++verdict_.fields_leaked;
    }
    require(application_headers(saw.headers()) == application_headers(came.headers()),
            at.service + "'s application saw other headers than were sent");
    require(came.kind() != "wire" || saw.get("body") == came.get("body"),
            at.service + " saw another body than was sent");
  }

  /// The first service has to take over what the order came with.
  void check_beginning(const stage& first) {
    const std::vector<header> came = first.came.front().headers();
    const log_entry& saw = first.saw.front();
    const bool has_trace = position_in(came).has_value();
    const std::string tracestate =
        has_trace ? last_value(came, "tracestate").value_or("") : std::string();
    require(saw.get("tracestate") == tracestate, first.service + " lost the tracestate");
    const std::vector<std::string> sent = baggage_in(came);
    const std::vector<std::string> seen = saw.all("baggage");
    require(
        seen.size() >= sent.size() && std::ranges::equal(sent, std::span(seen).first(sent.size())),
        first.service + " lost baggage");
  }

  /// What one service sent has to say where it comes from, once, and to arrive as it was meant.
  void check_what_was_sent(const stage& from, const stage& to) {
    const std::vector<header> sent = to.came.front().headers();
    for (const std::string_view name : {"traceparent", "tracestate", "baggage"}) {
      const auto count = std::ranges::count_if(
          sent, [&](const header& each) { return lower_case(each.name) == name; });
      require(count <= 1,
              from.service + " sent " + std::to_string(count) + " fields " + std::string(name));
    }
    const auto carried = position_in(sent);
    if (!require(carried.has_value(), from.service + " sent no traceparent")) return;
    const span_facts* sender = find_span(facts_, carried->trace, carried->span);
    require(carried->trace == trace_, from.service + " sent another trace");
    require(sender != nullptr && sender->service == from.service && sender->kind == "PRODUCER",
            "the traceparent that " + from.service + " sent is not that of its send span");

    const log_entry& before = from.saw.front();
    const log_entry& after = to.saw.front();
    require(after.get("tracestate") == before.get("tracestate"),
            "the tracestate changed between " + from.service + " and " + to.service);
    require(baggage_in(sent) == before.all("baggage"), from.service + " sent other baggage");
    require(after.all("baggage") == before.all("baggage"),
            "the baggage changed between " + from.service + " and " + to.service);
  }

  /// From the last service's span up, every parent has to be there, through every service.
  void check_spans() {
    const span_facts* span =
        find_span(facts_, trace_, order_.stages.back().saw.front().get("span"));
    if (!require(span != nullptr, "the last service has no span in the trace")) return;
    std::string parent;
    for (std::size_t steps = 0; span != nullptr && steps < facts_.spans.size(); ++steps) {
      if (verdict_.services.empty() || verdict_.services.front() != span->service) {
        verdict_.services.insert(verdict_.services.begin(), span->service);
      }
      require(span->outcome == "succeeded",
              span->service + "'s \"" + span->name + "\" ended as " + span->outcome);
      parent = span->parent;
      span = find_span(facts_, trace_, parent);
    }
    std::vector<std::string> expected;
    for (const stage& each : order_.stages) expected.push_back(each.service);
    require(verdict_.services == expected, "its trace does not run through all its services");
    const auto came_with = position_in(order_.stages.front().came.front().headers());
    require(parent == (came_with.has_value() ? came_with->span : std::string()),
            "the trace does not hang on what the order came with");
  }

  const run_facts& facts_;
  const order_facts& order_;
  std::string trace_;
  verdict verdict_;
};

}  // namespace

verdict judge(const run_facts& facts, const order_facts& order) {
  return judgement(facts, order).reach();
}

}  // namespace order_pipeline

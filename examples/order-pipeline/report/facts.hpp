#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/log_file.hpp"

/// What the logs of one run say. The report is not built on waybill: it judges by what a client
/// without it read from the topics, and by what the services wrote down.
namespace order_pipeline {

struct span_facts {
  std::string service, name, kind, trace, id, parent, outcome;
  std::vector<std::pair<std::string, std::string>> links;  // trace and span
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
};

/// One order at one service.
struct stage {
  std::string service;
  /// The request or the message as it was on the way here, and what the service saw of it. More or
  /// less than one of either is a fault.
  std::vector<log_entry> came;
  std::vector<log_entry> saw;
  std::string did;
};

struct order_facts {
  std::string id;
  /// In the order of the pipeline. The first is missing for an order that did not come by it.
  std::vector<stage> stages;
};

struct run_facts {
  std::vector<order_facts> orders;
  std::vector<span_facts> spans;
};

/// A service and the log of what a client without waybill saw on the way to it; empty for the
/// first service, which logs itself what arrived.
struct stage_source {
  std::string service;
  std::string wire;
};
/// From "gateway,warehouse=orders,billing=shipments": the services in order, and the wires.
[[nodiscard]] std::vector<stage_source> read_stages(std::string_view text);

/// Reads the logs in a folder for these orders. @par Errors   throws std::runtime_error.
[[nodiscard]] run_facts read_facts(const std::string& folder,
                                   const std::vector<stage_source>& stages,
                                   const std::vector<std::string>& orders);

/// ASCII letters in lower case, others as they are.
[[nodiscard]] std::string lower_case(std::string_view name);
/// Whether this is traceparent, tracestate or baggage, in any spelling.
[[nodiscard]] bool is_context_field(std::string_view name);

struct position {
  std::string trace, span;
  friend bool operator==(const position&, const position&) = default;
};
/// Of the last value of a field spelled exactly so, as brokers' senders mean it.
[[nodiscard]] std::optional<std::string> last_value(const std::vector<header>& headers,
                                                    std::string_view name);
/// The last traceparent's.
[[nodiscard]] std::optional<position> position_in(const std::vector<header>& headers);

/// The trace that an order ought to be in: the one it came with, or the one its first service
/// began.
[[nodiscard]] std::string trace_of(const order_facts& order);

[[nodiscard]] const span_facts* find_span(const run_facts& facts, std::string_view trace,
                                          std::string_view id);

}  // namespace order_pipeline

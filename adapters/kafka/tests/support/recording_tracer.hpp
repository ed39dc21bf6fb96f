#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "waybill/tracer.hpp"

namespace waybill_test {

/// Remembers every span: what it was started with, and how often and how it was ended.
/// @par Threads   any.
class recording_tracer : public waybill::tracer {
 public:
  struct span {
    waybill::operation_kind kind{};
    std::string system;
    std::string name;
    std::string destination;
    std::string consumer_group;
    std::string client_id;
    std::string message_key;
    std::optional<std::int32_t> partition;
    std::optional<std::int64_t> offset;
    std::optional<std::size_t> batch_messages;
    std::optional<std::size_t> body_bytes;
    bool tombstone = false;
    bool injects = true;
    waybill::context parent;
    std::vector<waybill::trace_context> links;
    waybill::context started;
    int ends = 0;
    waybill::outcome_state state{};
    std::string error;
    std::optional<std::int32_t> end_partition;
    std::optional<std::int64_t> end_offset;
  };

  /// False makes start() answer null handles, as a tracer does for what it does not record.
  bool hands_out_spans = true;

  waybill::span_handle start(const waybill::operation& what, const waybill::context_view& parent,
                             std::span<const waybill::trace_context> links,
                             waybill::context& started) noexcept override {
    span made;
    made.kind = what.kind;
    made.system = what.system;
    made.name = what.name;
    made.destination = what.where.name;
    made.consumer_group = what.consumer_group;
    made.client_id = what.client_id;
    made.message_key = what.message_key;
    made.partition = what.partition;
    made.offset = what.offset;
    made.batch_messages = what.batch_messages;
    made.body_bytes = what.body_bytes;
    made.tombstone = what.tombstone;
    made.injects = what.injects;
    made.parent = waybill::context(parent);
    made.links.assign(links.begin(), links.end());
    made.started = made.parent.has_trace()
                       ? made.parent.new_child()
                       : made.parent.with_trace(waybill::trace_context::new_root(true));
    started = made.started;
    const std::lock_guard<std::mutex> guard(mutex_);
    spans_.push_back(std::move(made));
    return {hands_out_spans ? &spans_.back() : nullptr};
  }

  void end(waybill::span_handle handle, const waybill::outcome& result) noexcept override {
    const std::lock_guard<std::mutex> guard(mutex_);
    auto& ended = *static_cast<span*>(handle.state);
    ++ended.ends;
    ended.state = result.state;
    ended.error = result.error;
    ended.end_partition = result.partition;
    ended.end_offset = result.offset;
  }

  [[nodiscard]] std::vector<span> spans() const {
    const std::lock_guard<std::mutex> guard(mutex_);
    return {spans_.begin(), spans_.end()};
  }
  [[nodiscard]] std::vector<span> spans(waybill::operation_kind kind) const {
    std::vector<span> found;
    for (const span& each : spans()) {
      if (each.kind == kind) found.push_back(each);
    }
    return found;
  }
  /// Spans that were not ended exactly once.
  [[nodiscard]] std::size_t badly_ended() const {
    std::size_t bad = 0;
    for (const span& each : spans()) bad += each.ends == 1 ? 0U : 1U;
    return bad;
  }

 private:
  mutable std::mutex mutex_;
  std::deque<span> spans_;  // whose elements stay where they are
};

}  // namespace waybill_test

#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>
#include <waybill/messaging/tracer.hpp>

namespace waybill_test {

/// A tracer that makes spans and keeps them for the test to look at: what each was started with,
/// and how often and how it was ended. A span continues its parent, or begins a sampled trace when
/// it has no parent.
/// @par Threads   any.
class recording_tracer final : public waybill::tracer {
 public:
  struct span {
    waybill::operation_kind kind = waybill::operation_kind::send;
    std::string system;
    std::string name;
    std::string destination;
    std::string routing_key;
    std::string queue;
    std::string consumer_group;
    std::string client_id;
    std::string message_key;
    std::optional<std::int32_t> partition;
    std::optional<std::int64_t> offset;
    std::optional<std::uint64_t> delivery_tag;
    std::optional<std::size_t> batch_messages;
    std::optional<std::size_t> body_bytes;
    bool tombstone = false;
    bool injects = false;
    std::optional<std::chrono::system_clock::time_point> started_at;
    waybill::context parent;
    std::vector<waybill::span_context> links;
    waybill::context started;
    int ends = 0;
    waybill::outcome_state ended_as = waybill::outcome_state::succeeded;
    std::string error;
    std::optional<std::int32_t> end_partition;
    std::optional<std::int64_t> end_offset;
  };

  /// False makes start() answer null handles, as a tracer does for what it does not record.
  bool hands_out_spans = true;

  waybill::span_handle start(const waybill::operation& operation,
                             const waybill::context_view& parent,
                             std::span<const waybill::span_context> links,
                             waybill::context& started) noexcept override {
    span made;
    made.kind = operation.kind();
    made.system = operation.system();
    made.name = operation.name();
    made.destination = operation.destination().name;
    made.routing_key = operation.destination().routing_key;
    made.queue = operation.queue();
    made.consumer_group = operation.consumer_group();
    made.client_id = operation.client_id();
    made.message_key = operation.message_key();
    made.partition = operation.partition();
    made.offset = operation.offset();
    made.delivery_tag = operation.delivery_tag();
    made.batch_messages = operation.batch_messages();
    made.body_bytes = operation.body_bytes();
    made.tombstone = operation.is_tombstone();
    made.injects = operation.injects();
    made.started_at = operation.started_at();
    made.parent = waybill::context(parent);
    made.links.assign(links.begin(), links.end());
    made.started = parent.has_trace()
                       ? made.parent.new_child()
                       : made.parent.with_span_context(waybill::span_context::new_root(true));
    started = made.started;
    const std::lock_guard lock(mutex_);
    spans_.push_back(std::move(made));
    return {hands_out_spans ? &spans_.back() : nullptr};
  }

  void end(waybill::span_handle handle, const waybill::outcome& outcome) noexcept override {
    const std::lock_guard lock(mutex_);
    span& ended = *static_cast<span*>(handle.state);
    ++ended.ends;
    ended.ended_as = outcome.state();
    ended.error = outcome.error();
    ended.end_partition = outcome.partition();
    ended.end_offset = outcome.offset();
  }

  [[nodiscard]] std::size_t span_count() const {
    const std::lock_guard lock(mutex_);
    return spans_.size();
  }
  /// A copy, because another thread may be ending it.
  [[nodiscard]] span span_at(std::size_t index) const {
    const std::lock_guard lock(mutex_);
    return spans_.at(index);
  }
  [[nodiscard]] static const span& span_of(waybill::span_handle handle) {
    return *static_cast<const span*>(handle.state);
  }
  /// Copies, in the order in which they were started.
  [[nodiscard]] std::vector<span> spans() const {
    const std::lock_guard lock(mutex_);
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

#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>
#include <waybill/tracer.hpp>

namespace waybill_test {

/// A tracer that makes spans and keeps them for the test to look at. A span continues its parent,
/// or begins a sampled trace when there is none.
class recording_tracer final : public waybill::tracer {
 public:
  struct span {
    waybill::operation_kind kind = waybill::operation_kind::send;
    std::string destination;
    bool injects = false;
    waybill::context parent;
    std::vector<waybill::trace_context> links;
    waybill::context started;
    int ends = 0;
    waybill::outcome_state ended_as = waybill::outcome_state::succeeded;
    std::string error;
  };

  waybill::span_handle start(const waybill::operation& what, const waybill::context_view& parent,
                             std::span<const waybill::trace_context> links,
                             waybill::context& started) noexcept override {
    auto made = std::make_unique<span>();
    made->kind = what.kind;
    made->destination = std::string(what.where.name);
    made->injects = what.injects;
    made->parent = waybill::context(parent);
    made->links.assign(links.begin(), links.end());
    made->started = parent.has_trace()
                        ? made->parent.new_child()
                        : made->parent.with_trace(waybill::trace_context::new_root(true));
    started = made->started;
    const std::lock_guard lock(mutex_);
    spans_.push_back(std::move(made));
    return {spans_.back().get()};
  }

  void end(waybill::span_handle handle, const waybill::outcome& result) noexcept override {
    const std::lock_guard lock(mutex_);
    span& ended = *static_cast<span*>(handle.state);
    ++ended.ends;
    ended.ended_as = result.state;
    ended.error = std::string(result.error);
  }

  [[nodiscard]] std::size_t span_count() const {
    const std::lock_guard lock(mutex_);
    return spans_.size();
  }
  /// A copy, because another thread may be ending it.
  [[nodiscard]] span span_at(std::size_t index) const {
    const std::lock_guard lock(mutex_);
    return *spans_.at(index);
  }
  [[nodiscard]] static const span& span_of(waybill::span_handle handle) {
    return *static_cast<const span*>(handle.state);
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<span>> spans_;
};

}  // namespace waybill_test

#pragma once

#include <cstddef>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "waybill/messaging/tracer.hpp"

namespace waybill_test {

/// A span as a tracing SDK would have made it.
struct recorded_span {
  waybill::operation_kind kind{};
  std::string destination;
  std::string what;  ///< system, name, exchange:key:queue#delivery_tag, as far as they are told
  waybill::span_context span_context;
  waybill::span_context parent;
  std::vector<waybill::span_context> links;
  int ends = 0;
  waybill::outcome_state state = waybill::outcome_state::unknown;
  std::string error;
};

/// Makes a child span for everything and keeps what it was told.
/// @par Threads Any.
class recording_tracer : public waybill::tracer {
 public:
  waybill::span_handle start(const waybill::operation& what, const waybill::context_view& parent,
                             std::span<const waybill::span_context> links,
                             waybill::context& started) noexcept override {
    const std::lock_guard lock(mutex_);
    const waybill::context continued(parent);
    started = continued.has_trace()
                  ? continued.new_child()
                  : continued.with_span_context(waybill::span_context::new_root(true));
    recorded_span span;
    span.kind = what.kind();
    span.destination = what.destination().name;
    span.what = std::string(what.system()) + " " + std::string(what.name()) + " " + place(what);
    span.span_context = started.span_context();
    span.parent = parent.span_context();
    span.links = {links.begin(), links.end()};
    spans_.push_back(std::move(span));
    // A handle is the span's number, counted from 1: null is no span.
    return {reinterpret_cast<void*>(spans_.size())};
  }

  void end(waybill::span_handle span, const waybill::outcome& result) noexcept override {
    const std::lock_guard lock(mutex_);
    recorded_span& ended = spans_.at(reinterpret_cast<std::size_t>(span.state) - 1);
    ++ended.ends;
    ended.state = result.state();
    ended.error = result.error();
  }

  [[nodiscard]] std::vector<recorded_span> spans() const {
    const std::lock_guard lock(mutex_);
    return spans_;
  }
  [[nodiscard]] std::vector<recorded_span> spans(waybill::operation_kind kind) const {
    std::vector<recorded_span> some;
    for (const recorded_span& span : spans()) {
      if (span.kind == kind) some.push_back(span);
    }
    return some;
  }

 private:
  static std::string place(const waybill::operation& what) {
    std::string text(what.destination().name);
    for (const std::string_view part : {what.destination().routing_key, what.queue()}) {
      if (!part.empty()) text += ":" + std::string(part);
    }
    if (what.delivery_tag()) text += "#" + std::to_string(*what.delivery_tag());
    return text;
  }

  mutable std::mutex mutex_;
  std::vector<recorded_span> spans_;
};

}  // namespace waybill_test

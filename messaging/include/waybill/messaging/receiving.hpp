#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <utility>

#include "waybill/current.hpp"
#include "waybill/messaging/tracer.hpp"
#include "waybill/propagation.hpp"

namespace waybill::inline v0::messaging {

/// A span of a received message between its start and its end: moves, and may end on any thread.
/// @par Lifetime   keeps a handle of the propagation.
class WAYBILL_API message_span {
 public:
  /// No span.
  message_span() noexcept = default;
  /// Leaves no span behind.
  /// @{
  message_span(message_span&& other) noexcept;
  message_span& operator=(message_span&& other) noexcept;
  /// @}
  /// Ends the span as a failed one ("exception") unless end() did.
  ~message_span() { abandon(); }

  /// How the operation ended. Only the first call counts.
  void end(const outcome& outcome) noexcept;

 protected:
  /// Starts the span; `started` is the tracer's context.
  void start(const operation& operation, const context_view& parent,
             std::span<const span_context> links, context& started,
             const propagation& settings) noexcept;

 private:
  void abandon() noexcept;

  propagation settings_;
  span_handle span_;
};

/// The processing of one message: a process span where there is a tracer, and the context to work
/// under. A handler that finishes later moves it along and calls end() there.
///
/// The parent of the span is what the boundary adopts; it links to where the message began.
/// @par Threads   one at a time; it may end on another thread than it began on.
class WAYBILL_API processing : public message_span {
 public:
  /// Looks at the message's extraction and `source` when it begins only.
  [[nodiscard]] processing(const extraction& received, const destination& destination,
                           const operation_source& source, const propagation& settings) noexcept;

  /// The context to make current: `const scope active(work.context());`.
  [[nodiscard]] const waybill::context& context() const& noexcept { return context_; }
  const waybill::context& context() const&& = delete;
  /// The handler returned.
  void succeed() noexcept { end(outcome(outcome_state::succeeded)); }

 private:
  waybill::context context_;
};

/// Runs `handler()` under `work`: its context is the current one. What the handler throws passes
/// through, and ends the span as failed.
template <class F>
void run(processing& work, const propagation& settings, F&& handler) {
  {
    const scope active(work.context(), settings.provider());
    std::forward<F>(handler)();
  }
  work.succeed();
}

/// A message is given back to its broker (a commit, an acknowledgement), within a settle span where
/// there is a tracer. end() may be called later and on another thread.
class WAYBILL_API settling : public message_span {
 public:
  /// Looks at the message's extraction and `source` when it begins only.
  [[nodiscard]] settling(const extraction& received, const destination& destination,
                         const operation_source& source, const propagation& settings) noexcept;
};

/// Makes a receive span where there is a tracer, when it is known that something came. Its parent
/// is the current context.
/// @par Input   `began`: since when the call waited. `links`: where the messages began
///              (extraction::creation()).
WAYBILL_API void trace_receive(const destination& destination, const operation_source& source,
                               std::chrono::system_clock::time_point began,
                               std::span<const span_context> links,
                               const propagation& settings) noexcept;

/// One flag: whether the context that was taken off a message was ever looked at, made current or
/// sent on. When the message dies without, it is counted as unused_context: by that a relay finds
/// out that it lost one.
/// @par Threads   one at a time.
class WAYBILL_API context_use {
 public:
  /// Nothing to count.
  context_use() noexcept = default;
  /// Counts with `settings` unless the context is used, where one came.
  context_use(const extraction& received, const propagation& settings) noexcept
      : counters_(received.context().is_empty() ? nullptr : settings.diagnostics()) {}
  /// Of a context that is in the received slot, too.
  explicit context_use(received_use shared) noexcept : shared_(std::move(shared)) {}
  /// Leaves nothing to count behind.
  /// @{
  context_use(context_use&&) noexcept = default;
  context_use& operator=(context_use&& other) noexcept {
    count_unused();
    counters_ = std::move(other.counters_);
    shared_ = std::move(other.shared_);
    return *this;
  }
  /// @}
  ~context_use() { count_unused(); }

  /// The context was used.
  void note() const noexcept {
    counters_.reset();
    shared_.note();
  }

 private:
  void count_unused() noexcept {
    if (counters_ == nullptr) return;
    counters_->record({.way = direction::inbound, .code = errc::unused_context});
    counters_.reset();
  }

  mutable std::shared_ptr<diagnostics> counters_;  // null once used
  received_use shared_;
};

/// The walk of messages that are received, as far as it is the same for every client: what its
/// receive calls do before and after the client library's.
/// @par Threads   any; the received slot is the calling thread's.
class WAYBILL_API receiving {
 public:
  /// `fills_slot`: whether a call that gives exactly one message makes its context the thread's
  /// received one (see received_slot).
  receiving(propagation settings, bool fills_slot) noexcept
      : settings_(std::move(settings)), slot_(settings_.diagnostics()), fills_slot_(fills_slot) {}

  /// To be called on entry to every receive call, whatever it then gives. Returns the time for
  /// trace_receive(), where there is a tracer.
  std::chrono::system_clock::time_point begin() const noexcept {
    received_slot::clear();
    return settings_.tracer() != nullptr ? std::chrono::system_clock::now()
                                         : std::chrono::system_clock::time_point{};
  }
  /// To be called with the one message that a receive call gives: fills the slot where it should.
  /// Returns the flag that the message keeps.
  context_use gave(const extraction& received) const noexcept {
    return fills_slot_ ? context_use(slot_.fill(received.context()))
                       : context_use(received, settings_);
  }
  /// To be called when the client is closed.
  void closed() const noexcept { slot_.clear_own(); }

  /// What it was made with.
  /// @{
  [[nodiscard]] const propagation& settings() const noexcept { return settings_; }
  [[nodiscard]] bool fills_slot() const noexcept { return fills_slot_; }
  /// @}

 private:
  propagation settings_;
  received_slot slot_;
  bool fills_slot_;
};

}  // namespace waybill::inline v0::messaging

#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

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
      : counters_(received.context().is_empty() ? nullptr : settings.diagnostics()),
        boundary_index_(received.boundary_index()) {}
  /// Of a context that is in the received slot, too.
  explicit context_use(received_use shared) noexcept : shared_(std::move(shared)) {}
  /// Leaves nothing to count behind.
  /// @{
  context_use(context_use&&) noexcept = default;
  context_use& operator=(context_use&& other) noexcept {
    count_unused();
    counters_ = std::move(other.counters_);
    boundary_index_ = other.boundary_index_;
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
    counters_->record({.way = direction::inbound,
                       .code = errc::unused_context,
                       .boundary_index = boundary_index_});
    counters_.reset();
  }

  mutable std::shared_ptr<diagnostics> counters_;  // null once used
  std::size_t boundary_index_ = 0;
  received_use shared_;
};

/// What a received message has of context: the base of each adapter's message.
/// @par Threads   a value; move-only.
class WAYBILL_API received {
 public:
  /// The context to work under; see extraction::context().
  /// @{
  [[nodiscard]] const waybill::context& context() const& noexcept {
    use_.note();
    return taken_.context();
  }
  [[nodiscard]] waybill::context context() const&& noexcept {
    use_.note();
    return taken_.context();
  }
  /// @}
  /// All that came with the message, and what became of each field.
  /// @{
  [[nodiscard]] const waybill::extraction& extraction() const& noexcept {
    use_.note();
    return taken_;
  }
  [[nodiscard]] waybill::extraction extraction() const&& noexcept {
    use_.note();
    return taken_;
  }
  /// @}

 protected:
  /// Of no message.
  received() noexcept = default;
  /// Of what `take()` returns, an extraction. It is large, so it is made where it stays.
  template <class Take>
  requires std::is_invocable_r_v<waybill::extraction, const Take&>
  explicit received(const Take& take) noexcept : taken_(take()) {}
  /// Leaves a message without a context behind.
  /// @{
  received(received&&) noexcept = default;
  received& operator=(received&&) noexcept = default;
  /// @}
  ~received() = default;
  /// The same as extraction(), for what is no use of the context.
  [[nodiscard]] const waybill::extraction& taken() const noexcept { return taken_; }

 private:
  friend class receiving;

  waybill::extraction taken_;
  context_use use_;
};

/// The walk of messages that are received, as far as it is the same for every client: what its
/// receive calls do before and after the client library's.
/// @par Threads   any; the received slot is the calling thread's.
class WAYBILL_API receiving {
 public:
  /// When a receive call began to wait, where there is a tracer.
  using time_point = std::chrono::system_clock::time_point;

  /// `fills_slot`: whether a call that gives exactly one message makes its context the thread's
  /// received one (see received_slot).
  receiving(propagation settings, bool fills_slot) noexcept
      : settings_(std::move(settings)), slot_(settings_.diagnostics()), fills_slot_(fills_slot) {}

  /// To be called on entry to every receive call, whatever it then gives. Returns the time for
  /// what ends the call.
  time_point begin() const noexcept {
    received_slot::clear();
    return settings_.tracer() != nullptr ? std::chrono::system_clock::now() : time_point{};
  }
  /// To be called with the one message that a receive call gives: makes the receive span, and fills
  /// the slot where it should.
  void give(received& message, const destination& destination, const operation_source& source,
            time_point began) const noexcept {
    trace_receive(destination, source, began, message.taken_.creation(), settings_);
    message.use_ =
        fills_slot_
            ? context_use(slot_.fill(message.taken_.context(), message.taken_.boundary_index()))
            : context_use(message.taken_, settings_);
  }
  /// To be called when the client is closed.
  void closed() const noexcept { slot_.clear_own(); }

  /// What it was made with.
  /// @{
  [[nodiscard]] const propagation& settings() const noexcept { return settings_; }
  [[nodiscard]] bool fills_slot() const noexcept { return fills_slot_; }
  /// @}

  class batch;

 private:
  propagation settings_;
  received_slot slot_;
  bool fills_slot_;
};

/// A receive call that may give several messages: one receive span for all, with a link to each,
/// and nothing in the received slot.
/// @par Threads   one.
class WAYBILL_API receiving::batch {
 public:
  /// The call begins.
  explicit batch(const receiving& walk) noexcept : walk_(walk), began_(walk.begin()) {}

  /// To be called with each message of the call.
  /// @par Lifetime   the text of `from` until end().
  void give(received& message, const destination& from) noexcept;
  /// The call ends. Makes the span unless no message came.
  void end(const operation_source& source) const noexcept;
  /// Messages that were given.
  [[nodiscard]] std::size_t messages() const noexcept { return messages_; }

 private:
  const receiving& walk_;
  time_point began_;
  std::size_t messages_ = 0;
  destination from_;
  std::vector<span_context> links_;
};

}  // namespace waybill::inline v0::messaging

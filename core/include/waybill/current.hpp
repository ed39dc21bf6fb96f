#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include "waybill/context.hpp"
#include "waybill/diagnostics.hpp"

namespace waybill::inline v0 {

/// Knows the current context. A bridge to a tracing SDK that has a current context of its own
/// replaces the default one.
/// @par Threads   any.
class WAYBILL_API context_provider {
 public:
  context_provider() = default;
  context_provider(const context_provider&) = delete;
  context_provider& operator=(const context_provider&) = delete;
  virtual ~context_provider();

  /// The calling thread's current context; an empty one when there is none.
  /// @par Lifetime   `storage` or something that lives until the thread's context changes.
  [[nodiscard]] virtual const context& current(context& storage) const noexcept = 0;
  /// Makes `next` current until restore() is called with the result. Copies what it needs.
  [[nodiscard]] virtual void* attach(const context& next) const noexcept = 0;
  /// Ends what attach() began; `attached` is its result. May be called in any order and on any
  /// thread.
  virtual void restore(void* attached) const noexcept = 0;
};

/// The provider of current() and scope: thread-local, and what propagation uses by default.
[[nodiscard]] WAYBILL_API const context_provider& thread_context_provider() noexcept;

/// The calling thread's context: that of its innermost scope; without a scope the one it received
/// last (see received_slot); otherwise an empty one.
/// @par Lifetime   until the innermost scope ends, or until the thread's next receive call.
/// @par Threads    each has its own.
[[nodiscard]] WAYBILL_API const context& current() noexcept;

/// The context of the calling thread's innermost scope; null without a scope.
/// @par Lifetime   as of current().
[[nodiscard]] WAYBILL_API const context* scoped_context() noexcept;

/// Makes a context current for as long as the object lives.
/// @par Threads   should end on the thread it began on, inner scopes before outer ones. Scopes that
///                end in another order or on another thread are harmless and counted in
///                misplaced_scope_ends().
/// @par Cost      no allocation once a thread has had as many scopes inside each other before.
/// @par Errors    without memory the current context is empty until the scope ends.
class [[nodiscard]] scope {
 public:
  /// On the thread's own provider, which current() asks.
  explicit scope(const context& next) noexcept : scope(next, thread_context_provider()) {}
  /// On another provider, which outlives the scope.
  scope(const context& next, const context_provider& provider) noexcept
      : provider_(&provider), attached_(provider.attach(next)) {}
  scope(const scope&) = delete;
  scope& operator=(const scope&) = delete;
  ~scope() { provider_->restore(attached_); }

 private:
  const context_provider* provider_;
  void* attached_;
};

/// How many scopes of this process ended out of order, or on another thread than they began on.
[[nodiscard]] WAYBILL_API std::uint64_t misplaced_scope_ends() noexcept;

namespace detail {
struct context_node;
}  // namespace detail

/// One flag that a received slot and the message it was filled from share: whether the context was
/// ever used. When both have gone and it was not, it is counted as unused_context.
/// @par Threads   a value; move-only. Different ones may be used from different threads.
class WAYBILL_API received_use {
 public:
  /// Of no context.
  received_use() noexcept = default;
  /// Leaves none behind.
  /// @{
  received_use(received_use&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  received_use& operator=(received_use&& other) noexcept {
    if (this == &other) return *this;
    if (node_ != nullptr) drop();
    node_ = std::exchange(other.node_, nullptr);
    return *this;
  }
  /// @}
  ~received_use() {
    if (node_ != nullptr) drop();
  }
  /// The context was used.
  void note() const noexcept {
    if (node_ != nullptr) mark();
  }

 private:
  friend class received_slot;
  explicit received_use(detail::context_node* node) noexcept : node_(node) {}
  void drop() noexcept;
  void mark() const noexcept;

  detail::context_node* node_ = nullptr;
};

/// Fills the calling thread's received slot, which lies below its scopes: the context of the one
/// message that the thread received last. A relay that receives and sends on one thread keeps its
/// trace by it, without a scope of its own.
///
/// A wrong parent is worse than none. So the slot is emptied at the start of every receive call of
/// any client, when its client is closed, and when it is older than age_max_seconds.
/// @par Threads    any; each thread has one slot. A forked child keeps it.
/// @par Lifetime   one for each client. Destroying it empties the calling thread's own slot.
/// @par Cost       one copy of the context for each message.
class WAYBILL_API received_slot {
 public:
  /// An older context is not current any more.
  static constexpr std::int64_t age_max_seconds = 30;

  /// `counters`, which may be null, counts contexts that nobody used as unused_context.
  explicit received_slot(std::shared_ptr<diagnostics> counters) noexcept
      : counters_(std::move(counters)) {}
  received_slot(const received_slot&) = delete;
  received_slot& operator=(const received_slot&) = delete;
  ~received_slot() { clear_own(); }

  /// Empties the calling thread's slot, whoever filled it: for the start of a receive call.
  static void clear() noexcept;
  /// Empties the calling thread's slot if this filled it.
  void clear_own() const noexcept;
  /// Makes `received` the thread's received context. An empty one is not kept. The message it came
  /// with keeps what is returned, and notes when the context is used another way.
  /// @par Input    `boundary_index`: the entry that an unused context is counted for.
  /// @par Errors   without memory the slot stays empty.
  received_use fill(const context& received, std::size_t boundary_index = 0) const noexcept;

  /// The calling thread's received context; null when its slot is empty or too old.
  /// @par Lifetime   until the thread's next receive call.
  [[nodiscard]] static const context* get() noexcept;

 private:
  std::shared_ptr<diagnostics> counters_;
};

/// Identifies the copy of the library that a module is linked with. Two modules of a process share
/// one current context exactly if this function gives both the same value. Each module that links
/// the static library has a copy of its own: link the shared libraries to share one.
/// @par Cost   no more than a call.
[[nodiscard]] WAYBILL_API const void* current_context_id() noexcept;

/// A callable that runs `function` with `bound` as the current context, on whatever thread.
/// @par Cost   a copy of the context, which is O(1); a scope at each call.
template <class F>
[[nodiscard]] auto bind(context bound, F&& function) {
  return
      [bound = std::move(bound), function = std::forward<F>(function)](auto&&... arguments) mutable
      -> std::invoke_result_t<std::decay_t<F>&, decltype(arguments)...> {
        const scope active(bound);
        return function(std::forward<decltype(arguments)>(arguments)...);
      };
}

}  // namespace waybill::inline v0

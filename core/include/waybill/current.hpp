#pragma once

#include <type_traits>
#include <utility>

#include "waybill/context.hpp"

namespace waybill::inline v0 {

/// Who knows the current context. Replaced by a bridge to a tracing SDK that has one of its own.
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
  /// Makes `next` current until restore() is called on the same thread with what this returned.
  /// `next` outlives that.
  [[nodiscard]] virtual void* attach(const context& next) const noexcept = 0;
  /// Takes back what attach() did; `attached` is what that returned.
  virtual void restore(void* attached) const noexcept = 0;
};

/// The provider behind current() and scope: thread-local, and what propagation uses by default.
[[nodiscard]] WAYBILL_API const context_provider& thread_context_provider() noexcept;

/// The calling thread's context: that of its innermost scope, or an empty one.
/// @par Lifetime   until the innermost scope ends.
/// @par Threads    each has its own.
[[nodiscard]] WAYBILL_API const context& current() noexcept;

/// Makes a context current for as long as the object lives.
/// @par Threads   must end on the thread it began on, inner scopes before outer ones.
class [[nodiscard]] scope {
 public:
  /// Of the thread's own provider, which current() asks.
  explicit scope(context next) noexcept : scope(std::move(next), thread_context_provider()) {}
  /// Of another provider, which outlives the scope.
  scope(context next, const context_provider& provider) noexcept
      : context_(std::move(next)), provider_(&provider), attached_(provider.attach(context_)) {}
  scope(const scope&) = delete;
  scope& operator=(const scope&) = delete;
  ~scope() { provider_->restore(attached_); }

 private:
  context context_;
  const context_provider* provider_;
  void* attached_;
};

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

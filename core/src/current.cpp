#include "waybill/current.hpp"

#include "never_destroyed.hpp"
#include "waybill/tracer.hpp"

namespace waybill::inline v0 {

namespace {

const context& empty_context() noexcept {
  static const detail::never_destroyed<context> empty;
  return empty.value;
}

/// The context of the thread's innermost scope. Here and not in the header: an inline
/// thread_local would exist once in every shared library.
constinit thread_local const context* innermost = nullptr;

class thread_provider final : public context_provider {
 public:
  [[nodiscard]] const context& current(context& /*storage*/) const noexcept override {
    return v0::current();
  }
  [[nodiscard]] void* attach(const context& next) const noexcept override {
    const context* outer = innermost;
    innermost = &next;
    return const_cast<context*>(outer);  // only handed back to restore()
  }
  void restore(void* attached) const noexcept override {
    innermost = static_cast<const context*>(attached);
  }
};

}  // namespace

context_provider::~context_provider() = default;

tracer::~tracer() = default;

const context_provider& thread_context_provider() noexcept {
  static constinit detail::never_destroyed<thread_provider> instance;
  return instance.value;
}

const context& current() noexcept { return innermost != nullptr ? *innermost : empty_context(); }

}  // namespace waybill::inline v0

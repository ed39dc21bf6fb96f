#include "waybill/context.hpp"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

#include "waybill/baggage.hpp"
#include "waybill/tracestate.hpp"

namespace waybill::inline v0 {

namespace detail {

/// The text of a context that does not fit inside it: never changed, shared by copies.
struct text_block {
  std::atomic<std::uint32_t> owners{1};
  [[nodiscard]] char* text() noexcept {
    return reinterpret_cast<char*>(this + 1);  // the bytes behind it
  }

  static text_block* make(std::size_t bytes) noexcept {
    void* memory = std::malloc(sizeof(text_block) + bytes);  // NOLINT(*-no-malloc): answers null
    return memory == nullptr ? nullptr : new (memory) text_block;
  }
  void add_owner() noexcept { owners.fetch_add(1, std::memory_order_relaxed); }
  void drop_owner() noexcept {
    if (owners.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      this->~text_block();
      std::free(this);  // NOLINT(*-no-malloc)
    }
  }
};

}  // namespace detail

context::context(const waybill::span_context& span_context, const class tracestate& state,
                 const class baggage& items) noexcept
    : span_context_(span_context) {
  store(span_context.is_valid() ? state.text() : std::string_view{}, items.text(), items.members());
}

context::context(const context_view& view) noexcept : span_context_(view.span_context()) {
  store(view.tracestate_text(), view.baggage_text(), view.baggage_members());
}

context& context::operator=(const context& other) noexcept {
  if (this == &other) return *this;
  if (is_shared()) release();
  span_context_ = other.span_context_;
  copy_texts(other);
  return *this;
}

context& context::operator=(context&& other) noexcept {
  if (this == &other) return *this;
  if (is_shared()) release();
  span_context_ = other.span_context_;
  take_texts(other);
  return *this;
}

context context::new_child() const noexcept { return with_span_context(span_context_.new_child()); }

context context::with_span_context(const waybill::span_context& span_context) const noexcept {
  if (!span_context.is_valid()) {
    context_view rest(*this);
    rest.span_context_ = span_context;
    rest.tracestate_ = {};
    return context(rest);
  }
  context changed(*this);
  changed.span_context_ = span_context;
  return changed;
}

context context::with_tracestate(const class tracestate& state) const noexcept {
  context_view changed(*this);
  changed.tracestate_ = has_trace() ? state.text() : std::string_view{};
  return context(changed);
}

context context::with_baggage(const class baggage& items) const noexcept {
  context_view changed(*this);
  changed.baggage_ = items.text();
  changed.baggage_members_ = items.members();
  return context(changed);
}

context context::without_baggage() const noexcept {
  return context(context_view(*this).without_baggage());
}

const char* context::block_text() const noexcept { return block_->text(); }

void context::store(std::string_view state, std::string_view items,
                    std::uint32_t members) noexcept {
  char* out = inline_;
  if (state.size() + items.size() > inline_bytes_max) {
    detail::text_block* block = detail::text_block::make(state.size() + items.size());
    if (block != nullptr) {
      block_ = block;
      out = block->text();
    } else {
      // The position matters most, then the tracestate: what still fits inside is kept.
      if (state.size() > inline_bytes_max) state = {};
      items = {};
      members = 0;
    }
  }
  if (!state.empty()) std::memcpy(out, state.data(), state.size());
  if (!items.empty()) std::memcpy(out + state.size(), items.data(), items.size());
  tracestate_bytes_ = static_cast<std::uint32_t>(state.size());
  baggage_bytes_ = static_cast<std::uint32_t>(items.size());
  baggage_members_ = members;
}

void context::copy_texts(const context& other) noexcept {
  tracestate_bytes_ = other.tracestate_bytes_;
  baggage_bytes_ = other.baggage_bytes_;
  baggage_members_ = other.baggage_members_;
  if (other.is_shared()) {
    block_ = other.block_;
    block_->add_owner();
  } else {
    std::memcpy(inline_, other.inline_, other.text_bytes());
  }
}

void context::take_texts(context& other) noexcept {
  tracestate_bytes_ = other.tracestate_bytes_;
  baggage_bytes_ = other.baggage_bytes_;
  baggage_members_ = other.baggage_members_;
  if (other.is_shared()) {
    block_ = other.block_;
  } else {
    std::memcpy(inline_, other.inline_, other.text_bytes());
  }
  other.span_context_ = {};
  other.tracestate_bytes_ = 0;
  other.baggage_bytes_ = 0;
  other.baggage_members_ = 0;
}

void context::release() noexcept { block_->drop_owner(); }

}  // namespace waybill::inline v0

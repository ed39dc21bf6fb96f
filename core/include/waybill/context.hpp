#pragma once

#include <cstdint>
#include <string_view>

#include "waybill/span_context.hpp"

namespace waybill::inline v0 {

class baggage;
class context;
class tracestate;

namespace detail {
struct context_access;
struct text_block;
}  // namespace detail

/// A context that somebody else owns: a span_context, and the text of tracestate and baggage.
/// Both texts are canonical: validated, without white space around separators, printable ASCII.
/// @par Lifetime   as long as the `context` or the message it was made from; it cannot be made
///                 from a temporary.
/// @par Threads    a value; as safe as what it borrows from.
class context_view {
 public:
  /// Of nothing.
  constexpr context_view() noexcept = default;
  /// Borrows from `owner`.
  context_view(const context& owner) noexcept;  // NOLINT(*-explicit-*): the usual argument
  context_view(context&&) = delete;
  context_view(const context&&) = delete;

  /// The span context; an invalid one where there is no trace.
  /// @{
  [[nodiscard]] constexpr const waybill::span_context& span_context() const& noexcept {
    return span_context_;
  }
  [[nodiscard]] constexpr waybill::span_context span_context() const&& noexcept {
    return span_context_;
  }
  /// @}
  /// Canonical text; look into it with tracestate_view.
  [[nodiscard]] constexpr std::string_view tracestate_text() const noexcept { return tracestate_; }
  /// Canonical text; look into it with baggage_view.
  [[nodiscard]] constexpr std::string_view baggage_text() const noexcept { return baggage_; }
  /// Whether there is a valid span context, a member of baggage, or neither.
  /// @{
  [[nodiscard]] constexpr bool has_trace() const noexcept { return span_context_.is_valid(); }
  [[nodiscard]] constexpr bool has_baggage() const noexcept { return !baggage_.empty(); }
  [[nodiscard]] constexpr bool is_empty() const noexcept { return !has_trace() && !has_baggage(); }
  /// @}
  /// List members in the baggage, repeated names counted each.
  [[nodiscard]] constexpr std::uint32_t baggage_members() const noexcept {
    return baggage_members_;
  }

  /// The same without one part. Without the trace there is no tracestate either.
  /// @{
  [[nodiscard]] constexpr context_view without_trace() const noexcept {
    context_view rest = *this;
    rest.span_context_ = {};
    rest.tracestate_ = {};
    return rest;
  }
  [[nodiscard]] constexpr context_view without_tracestate() const noexcept {
    context_view rest = *this;
    rest.tracestate_ = {};
    return rest;
  }
  [[nodiscard]] constexpr context_view without_baggage() const noexcept {
    context_view rest = *this;
    rest.baggage_ = {};
    rest.baggage_members_ = 0;
    return rest;
  }
  /// @}

 private:
  friend struct detail::context_access;
  friend class context;

  waybill::span_context span_context_;
  std::uint32_t baggage_members_ = 0;
  std::string_view tracestate_;
  std::string_view baggage_;
};

/// What an application keeps, passes on and hands to other threads: a span_context with its
/// tracestate, and the baggage. Owns its text.
/// @par Shape     texts of up to inline_bytes_max bytes together are stored inside the object;
///                longer ones in one immutable block that copies share.
/// @par Cost      a copy is O(1) and allocates nothing, whatever the size of the texts.
/// @par Errors    nothing throws. When memory runs out the baggage is left out, then the
///                tracestate.
/// @par Threads   a value: different objects may be used from different threads, copies included.
class WAYBILL_API context {
 public:
  /// Bytes of both texts that are stored inside the object; usual headers are below it.
  static constexpr std::size_t inline_bytes_max = 344;

  /// Neither trace nor baggage.
  context() noexcept {}  // NOLINT(*-equals-default): the text is left as it is
  /// A span context without tracestate and without baggage.
  explicit context(const waybill::span_context& span_context) noexcept
      : span_context_(span_context) {}
  /// All three. An invalid span context takes the tracestate with it.
  context(const waybill::span_context& span_context, const tracestate& state,
          const baggage& items) noexcept;
  /// A copy that owns its text.
  explicit context(const context_view& view) noexcept;

  /// A copy. What was moved from is empty.
  /// @{
  context(const context& other) noexcept : span_context_(other.span_context_) { copy_texts(other); }
  context(context&& other) noexcept : span_context_(other.span_context_) { take_texts(other); }
  context& operator=(const context& other) noexcept;
  context& operator=(context&& other) noexcept;
  /// @}
  ~context() {
    if (is_shared()) release();
  }

  /// A new trace without tracestate and without baggage; see waybill::span_context::new_root.
  [[nodiscard]] static context new_root(bool sampled,
                                        random_flag random = random_flag::off) noexcept {
    return context(waybill::span_context::new_root(sampled, random));
  }
  /// A new span of the same trace, with the same tracestate and baggage.
  [[nodiscard]] context new_child() const noexcept;
  /// The same with another span context. An invalid one takes the tracestate with it.
  [[nodiscard]] context with_span_context(const waybill::span_context& span_context) const noexcept;
  /// The same with other lists. Without a trace there is no tracestate.
  /// @{
  [[nodiscard]] context with_tracestate(const tracestate& state) const noexcept;
  [[nodiscard]] context with_baggage(const baggage& items) const noexcept;
  [[nodiscard]] context without_baggage() const noexcept;
  /// @}

  /// The span context; an invalid one where there is no trace.
  /// @{
  [[nodiscard]] const waybill::span_context& span_context() const& noexcept {
    return span_context_;
  }
  [[nodiscard]] waybill::span_context span_context() const&& noexcept { return span_context_; }
  /// @}
  /// Canonical text; look into it with tracestate_view. Valid as long as this object is unchanged.
  [[nodiscard]] std::string_view tracestate_text() const& noexcept {
    return {text(), tracestate_bytes_};
  }
  std::string_view tracestate_text() const&& = delete;
  /// Canonical text; look into it with baggage_view. Valid as long as this object is unchanged.
  [[nodiscard]] std::string_view baggage_text() const& noexcept {
    return {text() + tracestate_bytes_, baggage_bytes_};
  }
  std::string_view baggage_text() const&& = delete;
  /// List members in the baggage, repeated names counted each.
  [[nodiscard]] std::uint32_t baggage_members() const noexcept { return baggage_members_; }
  /// Whether there is a valid span context, a member of baggage, or neither.
  /// @{
  [[nodiscard]] bool has_trace() const noexcept { return span_context_.is_valid(); }
  [[nodiscard]] bool has_baggage() const noexcept { return baggage_bytes_ != 0; }
  [[nodiscard]] bool is_empty() const noexcept { return !has_trace() && !has_baggage(); }
  /// @}

  /// Equal span context, tracestate text and baggage text.
  friend bool operator==(const context& a, const context& b) noexcept {
    return a.span_context_ == b.span_context_ && a.tracestate_text() == b.tracestate_text() &&
           a.baggage_text() == b.baggage_text();
  }

 private:
  friend struct detail::context_access;

  [[nodiscard]] std::size_t text_bytes() const noexcept {
    return std::size_t{tracestate_bytes_} + baggage_bytes_;
  }
  [[nodiscard]] bool is_shared() const noexcept { return text_bytes() > inline_bytes_max; }
  [[nodiscard]] const char* text() const noexcept { return is_shared() ? block_text() : inline_; }
  [[nodiscard]] const char* block_text() const noexcept;
  void store(std::string_view state, std::string_view items, std::uint32_t members) noexcept;
  void copy_texts(const context& other) noexcept;
  void take_texts(context& other) noexcept;
  void release() noexcept;

  waybill::span_context span_context_;
  std::uint32_t tracestate_bytes_ = 0;
  std::uint32_t baggage_bytes_ = 0;
  std::uint32_t baggage_members_ = 0;
  union {
    detail::text_block* block_;
    char inline_[inline_bytes_max];
  };
};

inline context_view::context_view(const context& owner) noexcept
    : span_context_(owner.span_context()),
      baggage_members_(owner.baggage_members()),
      tracestate_(owner.tracestate_text()),
      baggage_(owner.baggage_text()) {}

}  // namespace waybill::inline v0

#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "waybill/context.hpp"
#include "waybill/limits.hpp"

namespace waybill::inline v0 {

/// One list-member of a tracestate. Borrows from the text it was read from.
struct tracestate_member {
  std::string_view key;    ///< `vendor` or `tenant@vendor`.
  std::string_view value;  ///< Leading spaces belong to it, trailing ones do not.
  friend bool operator==(const tracestate_member&, const tracestate_member&) noexcept = default;
};

/// Looks into a canonical tracestate without copying it.
/// A key that is repeated on the wire is listed once: at the place of its first appearance, with
/// the value of its last.
/// @par Lifetime   that of the text. Cannot be made from a temporary context.
/// @par Cost       walking is O(n) per member for n members (at most 32); no allocation.
/// @par Spec       W3C Trace Context Level 2, "tracestate Header Field Values".
class tracestate_view {
 public:
  /// A forward iterator over the members, from left to right.
  class iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = tracestate_member;
    using difference_type = std::ptrdiff_t;
    using pointer = const tracestate_member*;
    using reference = const tracestate_member&;

    iterator() noexcept = default;
    reference operator*() const noexcept { return member_; }
    pointer operator->() const noexcept { return &member_; }
    iterator& operator++() noexcept {
      advance();
      return *this;
    }
    iterator operator++(int) noexcept {
      iterator before = *this;
      advance();
      return before;
    }
    friend bool operator==(const iterator& a, const iterator& b) noexcept { return a.at_ == b.at_; }

   private:
    friend class tracestate_view;
    iterator(std::string_view text, std::size_t at) noexcept : text_(text), at_(at), next_(at) {}
    WAYBILL_API void advance() noexcept;

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t next_ = 0;
    tracestate_member member_;
  };

  /// Of nothing.
  tracestate_view() noexcept = default;
  /// Borrows the text of its argument.
  /// @{
  explicit tracestate_view(const context_view& context) noexcept
      : text_(context.tracestate_text()) {}
  explicit tracestate_view(const context& context) noexcept : text_(context.tracestate_text()) {}
  explicit tracestate_view(context&&) = delete;
  explicit tracestate_view(const context&&) = delete;
  explicit tracestate_view(const tracestate& state) noexcept;
  explicit tracestate_view(tracestate&&) = delete;
  /// @}

  /// The members, from left to right.
  /// @{
  [[nodiscard]] WAYBILL_API iterator begin() const noexcept;
  [[nodiscard]] iterator end() const noexcept { return {text_, std::string_view::npos}; }
  /// @}
  /// The value of the last member of this key.
  [[nodiscard]] WAYBILL_API std::optional<std::string_view> get(
      std::string_view key) const noexcept;
  /// Whether there is no member.
  [[nodiscard]] bool is_empty() const noexcept { return text_.empty(); }
  /// Canonical text.
  [[nodiscard]] std::string_view text() const noexcept { return text_; }

 private:
  std::string_view text_;
};

/// A tracestate that can be changed. Every state it can be in is valid on the wire.
/// @par Errors    what copies or changes it may throw std::bad_alloc, and has changed nothing then.
/// @par Threads   a value.
/// @par Spec      W3C Trace Context Level 2, "Mutating the tracestate Field".
class WAYBILL_API tracestate {
 public:
  /// Without a member.
  tracestate() = default;
  /// A copy of text that was read.
  /// @{
  explicit tracestate(const tracestate_view& view) : text_(view.text()) {}
  explicit tracestate(const context_view& context) : text_(context.tracestate_text()) {}
  explicit tracestate(const context& context) : text_(context.tracestate_text()) {}
  /// @}

  /// Reads the value of one tracestate field, white space and empty members allowed.
  /// @par Errors   malformed (one bad member refuses the whole), too_many_members (33 and more),
  ///               too_large (over limits.field_scan_bytes_max), no_memory.
  ///               limits.tracestate_bytes_max is not asked here: inject cuts.
  [[nodiscard]] static result<tracestate> parse(std::string_view text, const limits& limits = {});

  /// Puts the member at the left. Older members of the key go; when there are 32 others, the
  /// right-most goes.
  /// @par Errors   invalid_key, invalid_value; nothing is changed then. Trailing spaces make a
  ///               value invalid, leading ones do not.
  errc set(std::string_view key, std::string_view value);
  /// Takes away every member of the key. False when there was none.
  bool remove(std::string_view key);
  /// Takes every member away.
  void clear() noexcept { text_.clear(); }

  /// The value of a key.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view key) const& noexcept {
    return tracestate_view(*this).get(key);
  }
  std::optional<std::string_view> get(std::string_view key) const&& = delete;
  /// Whether there is no member.
  [[nodiscard]] bool is_empty() const noexcept { return text_.empty(); }
  /// Canonical text, valid until the next change.
  [[nodiscard]] std::string_view text() const& noexcept { return text_; }
  std::string_view text() const&& = delete;

  friend bool operator==(const tracestate&, const tracestate&) noexcept = default;

 private:
  std::string text_;
};

inline tracestate_view::tracestate_view(const tracestate& state) noexcept : text_(state.text()) {}

}  // namespace waybill::inline v0

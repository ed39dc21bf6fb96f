#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/context.hpp"
#include "waybill/limits.hpp"

namespace waybill::inline v0 {

/// A property of a baggage member, as an application gives or reads it (not percent-coded).
struct baggage_property {
  std::string key;                   ///< A token; never decoded, never coded.
  std::optional<std::string> value;  ///< UTF-8.
  friend bool operator==(const baggage_property&, const baggage_property&) noexcept = default;
};

/// One member of baggage, as it stands on the wire. Borrows from the text it was read from.
struct baggage_member {
  std::string_view key;             ///< A token, case-sensitive.
  std::string_view raw_value;       ///< Percent-coded.
  std::string_view raw_properties;  ///< What follows the first ";", or nothing.

  /// The value in UTF-8. An escape that is none stays as it is, "+" is a plus, and every maximal
  /// subpart of invalid UTF-8 becomes U+FFFD.
  [[nodiscard]] WAYBILL_API std::string value() const;
  /// The properties in order, repeated keys included; their values decoded as value() is.
  [[nodiscard]] WAYBILL_API std::vector<baggage_property> properties() const;
  friend bool operator==(const baggage_member&, const baggage_member&) noexcept = default;
};

/// Decodes percent-coded UTF-8 as baggage_member::value does.
/// @par Spec   W3C Baggage, "value".
[[nodiscard]] WAYBILL_API std::string percent_decode(std::string_view text);

/// Looks into canonical baggage without copying it.
/// A name that is repeated on the wire is listed once: at the place of its first appearance, with
/// the value and properties of its last.
/// @par Lifetime   that of the text. Cannot be made from a temporary context.
/// @par Cost       walking is O(n) per member for n members; no allocation.
/// @par Spec       W3C Baggage, "baggage HTTP Header Format".
class baggage_view {
 public:
  /// A forward iterator over the members, in order.
  class iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = baggage_member;
    using difference_type = std::ptrdiff_t;
    using pointer = const baggage_member*;
    using reference = const baggage_member&;

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
    friend class baggage_view;
    iterator(std::string_view text, std::size_t at) noexcept : text_(text), at_(at), next_(at) {}
    WAYBILL_API void advance() noexcept;

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t next_ = 0;
    baggage_member member_;
  };

  /// Of nothing.
  baggage_view() noexcept = default;
  /// Borrows the text of its argument.
  /// @{
  explicit baggage_view(const context_view& context) noexcept : text_(context.baggage_text()) {}
  explicit baggage_view(const context& context) noexcept : text_(context.baggage_text()) {}
  explicit baggage_view(context&&) = delete;
  explicit baggage_view(const context&&) = delete;
  explicit baggage_view(const baggage& items) noexcept;
  explicit baggage_view(baggage&&) = delete;
  /// @}

  /// The members, in order.
  /// @{
  [[nodiscard]] WAYBILL_API iterator begin() const noexcept;
  [[nodiscard]] iterator end() const noexcept { return {text_, std::string_view::npos}; }
  /// @}
  /// The last member of this name (names are case-sensitive).
  [[nodiscard]] WAYBILL_API std::optional<baggage_member> find(std::string_view key) const noexcept;
  /// Its decoded value.
  [[nodiscard]] WAYBILL_API std::optional<std::string> get(std::string_view key) const;
  /// Whether there is no member.
  [[nodiscard]] bool is_empty() const noexcept { return text_.empty(); }
  /// Canonical text.
  [[nodiscard]] std::string_view text() const noexcept { return text_; }

 private:
  std::string_view text_;
};

/// Baggage that can be changed. Every state it can be in is valid on the wire and within the
/// limits it was made with; what was read and is not touched goes on byte for byte.
/// @par Errors    what copies or changes it may throw std::bad_alloc, and has changed nothing then.
/// @par Threads   a value.
class WAYBILL_API baggage {
 public:
  /// Empty, with the limits that W3C asks every platform to bear.
  baggage() : baggage(limits{}) {}
  /// Empty, with limits of one's own.
  explicit baggage(const limits& limits) : limits_(limits) {}
  /// A copy of text that was read, as much of it as the limits allow.
  /// @{
  explicit baggage(const baggage_view& view, const limits& limits = {});
  explicit baggage(const context_view& context, const limits& limits = {});
  explicit baggage(const context& context, const limits& limits = {});
  /// @}

  /// What reading a baggage field gave: the good members, and what became of the rest.
  struct parsed;
  /// Reads the value of one baggage field. A bad member is dropped and counted, the others stay
  /// byte for byte but for white space; reading stops at the first member that breaks a limit.
  [[nodiscard]] static parsed parse(std::string_view text, const limits& limits = {});

  /// Sets a member: in the place of the first one of this name, the others of the name go; a new
  /// one at the end. Every byte of the values outside A-Z a-z 0-9 - . _ ~ is percent-coded.
  /// @par Errors   invalid_key (a key or property key is no token), invalid_value (not UTF-8),
  ///               too_many_members, too_large; nothing is changed then.
  errc set(std::string_view key, std::string_view value,
           std::span<const baggage_property> properties = {});
  /// Takes away every member of this name. False when there was none.
  bool remove(std::string_view key);
  /// Takes every member away; the limits stay.
  void clear() noexcept;

  /// The decoded value of a name.
  [[nodiscard]] std::optional<std::string> get(std::string_view key) const {
    return baggage_view(*this).get(key);
  }
  /// List members, repeated names counted each.
  [[nodiscard]] std::uint32_t members() const noexcept { return members_; }
  /// Whether there is no member.
  [[nodiscard]] bool is_empty() const noexcept { return text_.empty(); }
  /// Canonical text, valid until the next change.
  [[nodiscard]] std::string_view text() const& noexcept { return text_; }
  std::string_view text() const&& = delete;

  friend bool operator==(const baggage& a, const baggage& b) noexcept { return a.text_ == b.text_; }

 private:
  std::string text_;
  std::uint32_t members_ = 0;
  limits limits_;
};

/// What reading a baggage field gave.
struct baggage::parsed {
  baggage items;  ///< The good members.
  /// ok, malformed, too_many_members, too_large or no_memory: the first thing that went wrong.
  errc status = errc::ok;
  /// Members left out as malformed. Those behind a limit are not looked at and not counted.
  std::uint32_t members_dropped = 0;
};

inline baggage_view::baggage_view(const baggage& items) noexcept : text_(items.text()) {}

}  // namespace waybill::inline v0

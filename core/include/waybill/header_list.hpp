#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "waybill/carrier.hpp"

namespace waybill::inline v0 {

/// An ordered list of headers that keeps duplicates: the carrier for HTTP headers, for tests and
/// for anything without a type of its own. Readable and writable.
/// @par Threads   a value.
/// @par Errors    what changes it may throw std::bad_alloc.
/// @par Cost      set, erase and get look at every header.
/// @par Spec      RFC 9110, 5.1 (names ignore case) and 5.3 (order of repeated fields).
class WAYBILL_API header_list {
 public:
  /// One header as it was added.
  struct header {
    std::string name;   ///< In its own spelling.
    std::string value;  ///< Any bytes.
    friend bool operator==(const header&, const header&) = default;
  };
  /// Walks the headers in their order; a change ends its life.
  using const_iterator = std::vector<header>::const_iterator;

  header_list() = default;
  /// `names` says which spellings are the same name; ignore_case is HTTP's rule.
  explicit header_list(name_rule names) : rules_{http_rules.duplicates, names} {}
  /// Another carrier's rules, such as broker_rules.
  explicit header_list(carrier_rules rules) : rules_(rules) {}

  /// Appends a header, whatever is there already.
  void add(std::string_view name, std::string_view value);
  /// Puts the value in the place of the first header of this name and takes the others away; a
  /// new name goes to the end. The spelling becomes the given one.
  void set(std::string_view name, std::string_view value);
  /// Takes every header of this name away.
  void erase(std::string_view name);
  /// Takes every header away; the rules stay.
  void clear() noexcept { headers_.clear(); }

  /// The value of the first header of this name.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const& noexcept;
  std::optional<std::string_view> get(std::string_view name) const&& = delete;
  /// Headers, repeated ones included.
  /// @{
  [[nodiscard]] std::size_t size() const noexcept { return headers_.size(); }
  [[nodiscard]] bool is_empty() const noexcept { return headers_.empty(); }
  [[nodiscard]] const_iterator begin() const& noexcept { return headers_.begin(); }
  [[nodiscard]] const_iterator end() const& noexcept { return headers_.end(); }
  const_iterator begin() const&& = delete;
  const_iterator end() const&& = delete;
  /// @}

  /// Calls `visit(name, value)` for each header: what makes it a readable carrier.
  template <class F>
  void for_each(F&& visit) const {
    for (const header& each : headers_) {
      visit(std::string_view(each.name), std::string_view(each.value));
    }
  }
  /// How its duplicates and spellings are read.
  [[nodiscard]] carrier_rules rules() const noexcept { return rules_; }

  /// The same headers in the same order; rules are not compared.
  friend bool operator==(const header_list& a, const header_list& b) noexcept {
    return a.headers_ == b.headers_;
  }

 private:
  [[nodiscard]] bool is_same_name(std::string_view a, std::string_view b) const noexcept;

  std::vector<header> headers_;
  carrier_rules rules_ = http_rules;
};

}  // namespace waybill::inline v0

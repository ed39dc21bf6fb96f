#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <waybill/carrier.hpp>

namespace waybill_test {

inline bool equal_but_for_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [lower](char x, char y) { return lower(x) == lower(y); });
}

/// What a broker's header list is to waybill: ordered, with duplicates, null values and values
/// that carry no text. Its rules are those it was made with.
class broker_headers {
 public:
  struct header {
    std::string name;
    std::string value;
    waybill::value_kind kind = waybill::value_kind::text;
    friend bool operator==(const header&, const header&) = default;
  };

  broker_headers() = default;
  explicit broker_headers(waybill::carrier_rules rules) : rules_(rules) {}

  broker_headers& add(std::string_view name, std::string_view value) {
    headers_.push_back({std::string(name), std::string(value), waybill::value_kind::text});
    return *this;
  }
  broker_headers& add(std::string_view name, waybill::value_kind kind) {
    headers_.push_back({std::string(name), {}, kind});
    return *this;
  }

  template <class F>
  void for_each(F&& visit) const {
    for (const header& each : headers_) {
      visit(std::string_view(each.name), waybill::field_value(each.value, each.kind));
    }
  }
  [[nodiscard]] waybill::carrier_rules rules() const noexcept { return rules_; }

  void set(std::string_view name, std::string_view value) {
    erase(name);
    add(name, value);
  }
  void erase(std::string_view name) {
    std::erase_if(headers_,
                  [name](const header& each) { return equal_but_for_case(each.name, name); });
  }

  [[nodiscard]] const std::vector<header>& headers() const { return headers_; }
  /// Every value of this exact name.
  [[nodiscard]] std::vector<std::string> values(std::string_view name) const {
    std::vector<std::string> found;
    for (const header& each : headers_) {
      if (each.name == name) found.push_back(each.value);
    }
    return found;
  }
  friend bool operator==(const broker_headers& a, const broker_headers& b) {
    return a.headers_ == b.headers_;
  }

 private:
  std::vector<header> headers_;
  waybill::carrier_rules rules_ = waybill::broker_rules;
};

/// A carrier that can only be asked by name, as a web framework's request can.
class keyed_headers {
 public:
  static constexpr waybill::carrier_rules rules = waybill::http_rules;

  keyed_headers() = default;
  keyed_headers(std::initializer_list<std::pair<const std::string, std::string>> headers)
      : headers_(headers) {}

  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const {
    const auto found = headers_.find(name);
    if (found == headers_.end()) return std::nullopt;
    return found->second;
  }
  void set(std::string_view name, std::string_view value) {
    headers_.insert_or_assign(std::string(name), std::string(value));
  }
  void erase(std::string_view name) {
    const auto found = headers_.find(name);
    if (found != headers_.end()) headers_.erase(found);
  }
  [[nodiscard]] std::size_t size() const { return headers_.size(); }

 private:
  std::map<std::string, std::string, std::less<>> headers_;
};

/// A handful of headers in an array: reads and writes without an allocation.
template <std::size_t HeadersMax>
class fixed_headers {
 public:
  static constexpr waybill::carrier_rules rules = waybill::http_rules;

  void set(std::string_view name, std::string_view value) noexcept {
    erase(name);
    slot& free = slots_[count_++];
    free.name = name;
    free.value_bytes = value.copy(free.value.data(), free.value.size());
  }
  void erase(std::string_view name) noexcept {
    for (std::size_t i = 0; i < count_;) {
      if (slots_[i].name == name) {
        slots_[i] = slots_[--count_];
      } else {
        ++i;
      }
    }
  }
  template <class F>
  void for_each(F&& visit) const {
    for (std::size_t i = 0; i < count_; ++i) visit(slots_[i].name, slots_[i].text());
  }
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept {
    for (std::size_t i = 0; i < count_; ++i) {
      if (slots_[i].name == name) return slots_[i].text();
    }
    return std::nullopt;
  }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }

 private:
  struct slot {
    std::string_view name;  // a field's name, which is static, or a literal
    std::array<char, 1024> value{};
    std::size_t value_bytes = 0;
    [[nodiscard]] std::string_view text() const noexcept { return {value.data(), value_bytes}; }
  };
  std::array<slot, HeadersMax> slots_{};
  std::size_t count_ = 0;
};

}  // namespace waybill_test

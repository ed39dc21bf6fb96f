#pragma once

#include <boost/beast/http/fields.hpp>
#include <string_view>
#include <vector>
#include <waybill/carrier.hpp>

#include "log_file.hpp"

namespace order_pipeline {

/// The headers of an HTTP message as a carrier of waybill's: any type is one with a few small
/// functions. Names in any case are the same, and lists that came in several lines are joined:
/// those are HTTP's rules.
/// @par Lifetime   borrows the fields.
class http_headers {
 public:
  static constexpr waybill::carrier_rules rules = waybill::http_rules;

  explicit http_headers(boost::beast::http::fields& fields) noexcept : fields_(fields) {}

  template <class F>
  void for_each(F&& f) const {
    for (const auto& field : fields_) f(view(field.name_string()), view(field.value()));
  }
  // Beast's set takes every older line of the name away; its erase, too.
  void set(std::string_view name, std::string_view value) {
    fields_.set(theirs(name), theirs(value));
  }
  void erase(std::string_view name) { fields_.erase(theirs(name)); }

  /// A copy, for logs and for headers of messages.
  [[nodiscard]] std::vector<header> copy() const {
    std::vector<header> copied;
    for_each([&](std::string_view name, std::string_view value) {
      copied.push_back({std::string(name), std::string(value)});
    });
    return copied;
  }

 private:
  static std::string_view view(boost::beast::string_view text) noexcept {
    return {text.data(), text.size()};
  }
  static boost::beast::string_view theirs(std::string_view text) noexcept {
    return {text.data(), text.size()};
  }

  boost::beast::http::fields& fields_;
};
static_assert(waybill::readable_carrier<http_headers> && waybill::writable_carrier<http_headers>);

}  // namespace order_pipeline

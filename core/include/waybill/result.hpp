#pragma once

#include <type_traits>
#include <utility>

#include "waybill/errc.hpp"

namespace waybill::inline v0 {

/// A value, or the reason why there is none.
/// @par Errors   never throws; reading the value of a failed result gives a default-made T.
/// @par Cost     sizeof(T) and one byte, no allocation of its own.
template <class T>
class [[nodiscard]] result {
  static_assert(std::is_default_constructible_v<T>);

 public:
  /// A value. That it and a reason convert is what a function's `return` wants.
  // NOLINTNEXTLINE(*-explicit-*): a function returns either
  constexpr result(T value) noexcept(std::is_nothrow_move_constructible_v<T>)
      : value_(std::move(value)), code_(errc::ok) {}
  /// The reason; not errc::ok.
  // NOLINTNEXTLINE(*-explicit-*)
  constexpr result(errc code) noexcept(std::is_nothrow_default_constructible_v<T>) : code_(code) {}

  /// Whether there is a value.
  /// @{
  [[nodiscard]] constexpr bool has_value() const noexcept { return code_ == errc::ok; }
  [[nodiscard]] constexpr explicit operator bool() const noexcept { return has_value(); }
  /// @}
  /// The reason why there is none; errc::ok when there is one.
  [[nodiscard]] constexpr errc error() const noexcept { return code_; }

  /// The value; a default-made one where there is none.
  /// @{
  [[nodiscard]] constexpr const T& value() const& noexcept { return value_; }
  [[nodiscard]] constexpr T& value() & noexcept { return value_; }
  [[nodiscard]] constexpr T&& value() && noexcept { return std::move(value_); }
  constexpr const T& operator*() const& noexcept { return value_; }
  constexpr T& operator*() & noexcept { return value_; }
  constexpr T&& operator*() && noexcept { return std::move(value_); }
  constexpr const T* operator->() const noexcept { return &value_; }
  constexpr T* operator->() noexcept { return &value_; }
  /// @}

 private:
  T value_{};
  errc code_;
};

}  // namespace waybill::inline v0

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "waybill/propagator.hpp"

namespace waybill::inline v0::rabbitmq::detail {

/// Tells most headers from fields by their length and first letter, without a call.
class field_names {
 public:
  explicit field_names(const propagator& formats) noexcept
      : formats_(&formats), none_(formats.fields().size()) {
    for (const field& each : formats.fields()) {
      lengths_ |= std::uint64_t{1} << each.name.size();
      first_letters_ |= bit_of(each.name.front());
    }
  }
  /// The index of the field of this name in any spelling, or none().
  [[nodiscard]] std::size_t index_of(std::string_view name) const noexcept {
    return may_be_field(name) ? formats_->field_index(name) : none_;
  }
  [[nodiscard]] std::size_t none() const noexcept { return none_; }

 private:
  [[nodiscard]] bool may_be_field(std::string_view name) const noexcept {
    return !name.empty() && (first_letters_ & bit_of(name.front())) != 0 && name.size() < 64 &&
           ((lengths_ >> name.size()) & 1) != 0;
  }
  /// The same for both cases of a letter, and for a few other characters.
  static std::uint32_t bit_of(char letter) noexcept {
    return std::uint32_t{1} << (static_cast<unsigned char>(letter) % 32);
  }

  const propagator* formats_;
  std::size_t none_;
  std::uint64_t lengths_ = 0;  // bit n: some field's name has n bytes
  std::uint32_t first_letters_ = 0;
};

}  // namespace waybill::inline v0::rabbitmq::detail

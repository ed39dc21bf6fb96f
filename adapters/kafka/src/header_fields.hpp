#pragma once

#include <librdkafka/rdkafka.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "header_names.hpp"
#include "waybill/kafka/headers.hpp"
#include "waybill/propagator.hpp"

namespace waybill::inline v0::kafka::detail {

/// What removing the fields from a list in place would cost. librdkafka removes all headers of one
/// exact name at a time: it looks at every header, and moves the pointers after each one it
/// removes.
struct removal_cost {
  /// Beyond it a sender would cost more time than a message is worth.
  static constexpr std::uint64_t steps_max = std::uint64_t{1} << 22;

  std::uint64_t headers = 0;
  std::uint64_t fields = 0;
  std::uint64_t spellings = 0;  // of names; those in other case are counted each
  std::uint64_t moved = 0;      // pointers

  /// Notes a header that stays.
  void pass() noexcept { moved += fields; }
  /// Notes one that goes after `removed_before` fields which stand before it: each moves it.
  void remove(bool is_new_spelling, std::uint64_t removed_before) noexcept {
    moved += removed_before;
    ++fields;
    if (is_new_spelling) ++spellings;
  }
  [[nodiscard]] bool is_bearable() const noexcept {
    return spellings * headers + moved < steps_max;
  }
};

/// Reads a list as header_reader does, and remembers which of its headers are to be stripped, so
/// that a list that is read and then stripped is walked once.
class stripping_reader {
 public:
  static constexpr carrier_rules rules = broker_rules;

  stripping_reader(const rd_kafka_headers_t& list, const propagator& formats) noexcept
      : list_(&list), formats_(&formats), names_(formats.field_names()) {}

  template <class F>
  void for_each(F&& visit) const {
    cost_ = {};
    exact_ = 0;
    has_other_spellings_ = false;
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t bytes = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(list_, i, &name, &value, &bytes) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      ++cost_.headers;
      if (!names_.may_begin(*name)) {
        cost_.pass();
        continue;
      }
      const std::string_view text(name);
      note(text);
      visit(text, as_field_value(value, bytes));
    }
  }

  /// Walks the list for cost() and strip() alone.
  void look() const noexcept {
    for_each([](std::string_view, const field_value&) {});
  }
  /// What strip() would cost.
  [[nodiscard]] const removal_cost& cost() const noexcept { return cost_; }
  /// Takes the fields away that were found, from the list as it was then or from a copy of it.
  void strip(rd_kafka_headers_t& list) const noexcept;

 private:
  void note(std::string_view name) const noexcept {
    const std::size_t none = formats_->fields().size();
    const auto [index, is_exact] = formats_->match_field(name);
    if (index == none) {
      cost_.pass();
      return;
    }
    if (!is_exact) {
      has_other_spellings_ = true;
      cost_.remove(true, cost_.fields);
      return;
    }
    // strip() begins with the last field, and with those in their own spelling.
    std::uint64_t removed_before = 0;
    for (std::uint64_t later = exact_ >> index >> 1; later != 0; later &= later - 1) {
      removed_before += counts_[index + 1 + static_cast<std::size_t>(std::countr_zero(later))];
    }
    const std::uint64_t bit = std::uint64_t{1} << index;
    const bool is_new = (exact_ & bit) == 0;
    cost_.remove(is_new, removed_before);
    counts_[index] = is_new ? 1 : counts_[index] + 1;
    exact_ |= bit;
  }

  const rd_kafka_headers_t* list_;
  const propagator* formats_;
  field_name_filter names_;
  // A carrier that is read is const.
  mutable removal_cost cost_;
  mutable std::uint64_t exact_ = 0;  // bit i: fields()[i] is there under its own spelling
  mutable bool has_other_spellings_ = false;
  mutable std::array<std::uint32_t, fields_max> counts_;  // of the fields in exact_
};
static_assert(fields_max <= 64);

/// A list with only the headers that are no field.
[[nodiscard]] rd_kafka_headers_t* copy_without_fields(const rd_kafka_headers_t& list,
                                                      const propagator& formats) noexcept;

/// Takes every field of the propagator in every spelling away.
void remove_fields(rd_kafka_headers_t& list, const propagator& formats) noexcept;

}  // namespace waybill::inline v0::kafka::detail

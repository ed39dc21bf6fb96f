#pragma once

#include <librdkafka/rdkafka.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "header_names.hpp"
#include "waybill/propagator.hpp"

namespace waybill::inline v0::kafka::detail {

/// Tells most headers from fields by their first letter, before anything is asked of their length:
/// librdkafka shows names without it.
class field_names {
 public:
  explicit field_names(const propagator& formats) noexcept : formats_(&formats) {
    for (const field& each : formats.fields()) first_letters_ |= bit_of(each.name.front());
  }
  [[nodiscard]] bool may_be_field(const char* name) const noexcept {
    return (first_letters_ & bit_of(*name)) != 0;
  }
  /// The index of the field of this name in any spelling, or none().
  [[nodiscard]] std::size_t index_of(std::string_view name) const noexcept {
    const auto fields = formats_->fields();
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].name != name) continue;
      return fields[i].access == field_access::read_write ? i : none();
    }
    return formats_->field_index(name);
  }
  [[nodiscard]] std::size_t none() const noexcept { return formats_->fields().size(); }
  [[nodiscard]] bool has(const char* name) const noexcept {
    return may_be_field(name) && index_of(name) != none();
  }

 private:
  /// The same for both cases of a letter, and for a few other characters.
  static std::uint32_t bit_of(char letter) noexcept {
    return std::uint32_t{1} << (static_cast<unsigned char>(letter) % 32);
  }

  const propagator* formats_;
  std::uint32_t first_letters_ = 0;
};

/// What removing the fields from a list in place would cost. librdkafka removes all headers of one
/// exact name at a time: it looks at every header, and moves the pointers that stand behind each
/// one it removes.
struct removal_cost {
  /// Beyond it a sender would cost more time than a message is worth.
  static constexpr std::uint64_t steps_max = std::uint64_t{1} << 22;

  std::uint64_t headers = 0;
  std::uint64_t fields = 0;
  std::uint64_t spellings = 0;  // of names; those in other case are counted each
  std::uint64_t moved = 0;      // pointers

  /// Notes a header that stays.
  void pass() noexcept { moved += fields; }
  /// Notes one that goes, behind `removed_before` fields that are removed before it.
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

  stripping_reader(rd_kafka_headers_t& list, const propagator& formats) noexcept
      : list_(&list), formats_(&formats), names_(formats) {}

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
      if (!names_.may_be_field(name)) {
        cost_.pass();
        continue;
      }
      const std::string_view text(name);
      note(text);
      visit(text, as_field_value(value, bytes));
    }
  }

  /// What strip() would cost.
  [[nodiscard]] const removal_cost& cost() const noexcept { return cost_; }
  /// Takes the fields away that were found. The list must not have been changed since.
  void strip() const noexcept;

 private:
  void note(std::string_view name) const noexcept {
    const std::size_t index = names_.index_of(name);
    if (index == names_.none()) {
      cost_.pass();
      return;
    }
    const std::uint64_t bit = std::uint64_t{1} << index;
    if (formats_->fields()[index].name != name) {
      has_other_spellings_ = true;
      cost_.remove(true, cost_.fields);
      return;
    }
    // strip() begins with the last field, and with those in their own spelling.
    std::uint64_t removed_before = 0;
    for (std::size_t later = index + 1; later < names_.none(); ++later) {
      if (((exact_ >> later) & 1) != 0) removed_before += counts_[later];
    }
    cost_.remove((exact_ & bit) == 0, removed_before);
    if ((exact_ & bit) == 0) counts_[index] = 0;
    ++counts_[index];
    exact_ |= bit;
  }

  rd_kafka_headers_t* list_;
  const propagator* formats_;
  field_names names_;
  // A carrier that is read is const.
  mutable removal_cost cost_;
  mutable std::uint64_t exact_ = 0;  // bit i: fields()[i] is there under its own spelling
  mutable bool has_other_spellings_ = false;
  mutable std::array<std::uint32_t, fields_max> counts_;  // of the fields in exact_
};
static_assert(fields_max <= 64);

/// What stripping a list would cost.
[[nodiscard]] removal_cost cost_of_removal(const rd_kafka_headers_t* list,
                                           const propagator& formats) noexcept;

/// A list with only the headers that are no field.
[[nodiscard]] rd_kafka_headers_t* copy_without_fields(const rd_kafka_headers_t& list,
                                                      const propagator& formats) noexcept;

/// Takes every field of the propagator in every spelling away.
void remove_fields(rd_kafka_headers_t& list, const propagator& formats) noexcept;

/// Writes to a list that is known to hold no field: nothing has to be looked for.
class header_appender {
 public:
  explicit header_appender(rd_kafka_headers_t& list) noexcept : list_(&list) {}
  void set(std::string_view name, std::string_view value) noexcept {
    rd_kafka_header_add(list_, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  }
  void erase(std::string_view /*name*/) noexcept {}

 private:
  rd_kafka_headers_t* list_;
};

}  // namespace waybill::inline v0::kafka::detail

#pragma once

#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <string_view>
#include <utility>

#include "waybill/carrier.hpp"
#include "waybill/config.hpp"

namespace waybill::inline v0::kafka {

/// A header list that an application fills and a produce call takes: it belongs to librdkafka
/// only when producing succeeded, and destroys itself otherwise.
/// @par Threads   a value; move-only.
class WAYBILL_API headers {
 public:
  headers() noexcept = default;
  /// Owns `list`, which may be null.
  explicit headers(rd_kafka_headers_t* list) noexcept : list_(list) {}
  /// A copy of a list, such as a consumed message's, which may be null.
  [[nodiscard]] static headers copy_of(const rd_kafka_headers_t* list) noexcept {
    return headers(list == nullptr ? nullptr : rd_kafka_headers_copy(list));
  }
  /// Leaves `other` without a list.
  /// @{
  headers(headers&& other) noexcept : list_(other.release()) {}
  headers& operator=(headers&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  /// @}
  headers(const headers&) = delete;
  headers& operator=(const headers&) = delete;
  ~headers() { reset(nullptr); }

  /// Appends a header with a value, which may be empty and hold any bytes.
  void add(std::string_view name, std::string_view value);
  /// Appends a header with a null value.
  void add_null(std::string_view name);

  /// Null as long as nothing was added.
  [[nodiscard]] rd_kafka_headers_t* get() const& noexcept { return list_; }
  rd_kafka_headers_t* get() const&& = delete;
  /// The list, which is the caller's from now on.
  [[nodiscard]] rd_kafka_headers_t* release() noexcept { return std::exchange(list_, nullptr); }
  /// Destroys its list and owns `list`, which may be null.
  void reset(rd_kafka_headers_t* list) noexcept {
    if (list_ != nullptr) rd_kafka_headers_destroy(list_);
    list_ = list;
  }

 private:
  /// The list, which is made when it is first needed.
  rd_kafka_headers_t& made();

  rd_kafka_headers_t* list_ = nullptr;
};

namespace detail {
/// A null value and an empty one are different.
[[nodiscard]] inline field_value as_field_value(const void* value, std::size_t bytes) noexcept {
  if (value == nullptr) return {{}, value_kind::null};
  return {{static_cast<const char*>(value), bytes}, value_kind::text};
}
/// librdkafka takes a null pointer for a null value, whatever the size.
[[nodiscard]] inline const char* never_null(std::string_view value) noexcept {
  return value.data() != nullptr ? value.data() : "";
}
inline void append_header(rd_kafka_headers_t& list, std::string_view name,
                          std::string_view value) noexcept {
  rd_kafka_header_add(&list, name.data(), static_cast<ssize_t>(name.size()), never_null(value),
                      static_cast<ssize_t>(value.size()));
}
}  // namespace detail

/// Reads a header list: the carrier's rules are the last value of a name, and its lower-case
/// spelling before any other. A null value is as good as absent.
/// @par Lifetime   that of the list; a null list is an empty one.
/// @par Broker     names end at their first NUL: librdkafka shows no more of them.
class header_reader {
 public:
  /// The last value of a name, its lower-case spelling first.
  static constexpr carrier_rules rules = broker_rules;

  /// Of a list, which may be null.
  explicit header_reader(const rd_kafka_headers_t* list) noexcept : list_(list) {}

  /// Calls `visit(name, value)` for each header, in order.
  template <class F>
  void for_each(F&& visit) const {
    if (list_ == nullptr) return;
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t bytes = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(list_, i, &name, &value, &bytes) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      visit(std::string_view(name), detail::as_field_value(value, bytes));
    }
  }

 private:
  const rd_kafka_headers_t* list_;
};

/// Writes to a header list. Setting and erasing mean every ASCII-case spelling of a name.
/// @par Lifetime   that of the list.
class WAYBILL_API header_writer {
 public:
  /// To a list.
  explicit header_writer(rd_kafka_headers_t& list) noexcept : list_(&list) {}
  /// To a list that is known to hold none of the names that will be set: it is not searched.
  [[nodiscard]] static header_writer appending_to(rd_kafka_headers_t& list) noexcept {
    header_writer writer(list);
    writer.appends_ = true;
    return writer;
  }

  /// Appends the header after taking every older one of this name away.
  void set(std::string_view name, std::string_view value) noexcept {
    if (!appends_) erase(name);
    detail::append_header(*list_, name, value);
  }
  /// Takes every header of this name away.
  void erase(std::string_view name) noexcept;

 private:
  rd_kafka_headers_t* list_;
  bool appends_ = false;
};

}  // namespace waybill::inline v0::kafka

namespace waybill::inline v0 {
template <>
inline constexpr bool is_borrowed_carrier<kafka::header_reader> = true;
}  // namespace waybill::inline v0

#include "waybill/kafka/headers.hpp"

#include "header_names.hpp"

namespace waybill::inline v0::kafka {

namespace {

/// Propagation fields, and seldom many more, are what a list is made for.
constexpr std::size_t initial_capacity = 8;

}  // namespace

void headers::add(std::string_view name, std::string_view value) {
  append(name, detail::never_null(value), value.size());
}

void headers::add_null(std::string_view name) { append(name, nullptr, 0); }

void headers::append(std::string_view name, const char* value, std::size_t bytes) {
  if (list_ == nullptr) list_ = rd_kafka_headers_new(initial_capacity);
  rd_kafka_header_add(list_, name.data(), static_cast<ssize_t>(name.size()), value,
                      static_cast<ssize_t>(bytes));
}

void headers::reset(rd_kafka_headers_t* list) noexcept {
  if (list_ != nullptr) rd_kafka_headers_destroy(list_);
  list_ = list;
}

void header_writer::set(std::string_view name, std::string_view value) noexcept {
  erase(name);
  rd_kafka_header_add(list_, name.data(), static_cast<ssize_t>(name.size()),
                      detail::never_null(value), static_cast<ssize_t>(value.size()));
}

void header_writer::erase(std::string_view name) noexcept {
  if (appends_) return;
  detail::remove_headers(*list_, [name](std::string_view each) {
    return waybill::detail::equals_ignoring_case(each, name);
  });
}

}  // namespace waybill::inline v0::kafka

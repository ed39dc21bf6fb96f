#include "waybill/kafka/headers.hpp"

#include "header_names.hpp"

namespace waybill::inline v0::kafka {

void headers::add(std::string_view name, std::string_view value) {
  detail::append_header(made(), name, value);
}

void headers::add_null(std::string_view name) {
  rd_kafka_header_add(&made(), name.data(), static_cast<ssize_t>(name.size()), nullptr, 0);
}

rd_kafka_headers_t& headers::made() {
  constexpr std::size_t initial_capacity = 8;  // the fields, and seldom many more
  if (list_ == nullptr) list_ = rd_kafka_headers_new(initial_capacity);
  return *list_;
}

void header_writer::erase(std::string_view name) noexcept {
  if (appends_) return;
  detail::remove_headers(*list_, [name](std::string_view each) {
    return waybill::detail::equals_ignoring_case(each, name);
  });
}

}  // namespace waybill::inline v0::kafka

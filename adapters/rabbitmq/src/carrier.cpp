#include "waybill/rabbitmq/carrier.hpp"

#include <algorithm>

namespace waybill::inline v0::rabbitmq {

std::span<amqp_table_entry_t> header_table::entries() const noexcept {
  if (flags_ != nullptr && (*flags_ & AMQP_BASIC_HEADERS_FLAG) == 0) return {};
  return {table_->entries, entries_of(*table_).size()};
}

void header_table::truncate(std::size_t count) const noexcept {
  table_->num_entries = static_cast<int>(count);
  if (flags_ != nullptr && count == 0) {
    *flags_ &= ~static_cast<amqp_flags_t>(AMQP_BASIC_HEADERS_FLAG);
  }
}

extraction extract(const header_reader& headers, const propagation& settings,
                   const destination& destination) noexcept {
  return waybill::extract(headers, settings, destination);
}

result<context_view> peek(const header_reader& headers, const propagation& settings,
                          const destination& destination) noexcept {
  return waybill::peek(headers, settings, destination);
}

/// Moves what is left together.
errc strip(const header_table& headers, const propagation& settings) noexcept {
  const auto entries = headers.entries();
  const propagator& formats = settings.propagator();
  const std::size_t none = formats.fields().size();
  const field_name_filter names = formats.field_names();
  const auto kept_end = std::remove_if(entries.begin(), entries.end(), [&](const auto& each) {
    const std::string_view name = text_of(each.key);
    return names.may_be(name) && formats.field_index(name) != none;
  });
  if (kept_end != entries.end()) {
    headers.truncate(static_cast<std::size_t>(kept_end - entries.begin()));
  }
  return errc::ok;
}

extraction take(const header_table& headers, const propagation& settings,
                const destination& destination) noexcept {
  const auto entries = headers.entries();
  const header_reader reader(amqp_table_t{static_cast<int>(entries.size()), entries.data()});
  extraction taken = waybill::extract(reader, settings, destination);
  static_cast<void>(strip(headers, settings));
  return taken;
}

}  // namespace waybill::inline v0::rabbitmq

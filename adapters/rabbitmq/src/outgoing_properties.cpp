#include "waybill/rabbitmq/outgoing_properties.hpp"

#include <climits>
#include <cstring>
#include <new>

#include "encoded_size.hpp"
#include "waybill/rabbitmq/headers.hpp"

namespace waybill::inline v0::rabbitmq {

namespace {

constexpr std::size_t bytes_per_field = detail::bytes_per_name + detail::bytes_per_long_string;

}  // namespace

/// Writes where no older field is left of what is replaced: nothing has to be looked for.
struct outgoing_properties::appender {
  outgoing_properties* to;
  void set(std::string_view name, std::string_view value) const { to->append(name, value); }
  void erase(std::string_view /*name*/) const noexcept {}
};

outgoing_properties::outgoing_properties(const context& context,
                                         const amqp_basic_properties_t* given,
                                         const propagation& with, const destination& to,
                                         std::size_t frame_bytes_max) noexcept
    : given_(given) {
  const header_reader existing(given);
  write(outgoing(existing, &context, inject_mode::replace, with, to), with, frame_bytes_max);
}

inject_report outgoing_properties::write(const outgoing& decided, const propagation& with,
                                         std::size_t frame_bytes_max) noexcept {
  if (!decided.changes_headers()) return report_;
  if (!copy_headers(with.formats, decided.replaces_all(), frame_bytes_max)) {
    report_.code = errc::no_memory;
    if (with.diagnostics != nullptr) {
      with.diagnostics->record({.way = direction::outbound, .code = errc::no_memory});
    }
    return report_;
  }
  appender to{this};
  report_ = decided.write(writer_ref(to));
  // That all fits is the rule: only where it does not is it told before it is written.
  const std::size_t room = room_for_fields(frame_bytes_max);
  if (frame_bytes_max != 0 && field_bytes_ > room) {
    forget_fields();
    report_ =
        decided.write(writer_ref(to), {.bytes_max = room, .bytes_per_field = bytes_per_field});
  }
  finish();
  return report_;
}

/// What the fields may encode to. Properties whose own size cannot be told get no fields.
std::size_t outgoing_properties::room_for_fields(std::size_t frame_bytes_max) const noexcept {
  if (!base_bytes_.has_value() || *base_bytes_ > frame_bytes_max) return 0;
  return frame_bytes_max - *base_bytes_;
}

/// Copies the headers without the fields that are about to be replaced: all, or those of baggage.
/// False: no memory.
bool outgoing_properties::copy_headers(const propagator& formats, bool replaces_all,
                                       std::size_t frame_bytes_max) noexcept {
  const auto headers =
      given_ == nullptr ? std::span<const amqp_table_entry_t>() : entries_of(*given_);
  const std::span<const field> fields = formats.fields();
  const std::size_t needed = headers.size() + fields.size();
  entries_ = inline_entries_.data();
  if (needed > inline_entries) {
    if (needed > INT_MAX) return false;
    if (more_entries_ == nullptr)
      more_entries_.reset(new (std::nothrow) amqp_table_entry_t[needed]);
    entries_ = more_entries_.get();
    if (entries_ == nullptr) return false;
  }
  own_ = given_ == nullptr ? amqp_basic_properties_t{} : *given_;
  count_ = 0;
  const bool is_limited = frame_bytes_max != 0;
  if (is_limited) base_bytes_ = detail::frame_bytes_without_headers(own_) + detail::bytes_per_table;
  for (const amqp_table_entry_t& each : headers) {
    const std::size_t index = formats.field_index(text_of(each.key));
    const bool is_field = index != fields.size();
    if (is_field && (replaces_all || fields[index].concern == field_concern::baggage)) continue;
    entries_[count_++] = each;
    if (is_limited) add_to_base(each);
  }
  count_of_given_ = count_;
  forget_fields();
  return true;
}

void outgoing_properties::add_to_base(const amqp_table_entry_t& header) noexcept {
  if (!base_bytes_.has_value()) return;
  const std::optional<std::size_t> own = detail::encoded_bytes(header);
  if (own.has_value() && *base_bytes_ + *own <= detail::encoded_bytes_ceiling) {
    *base_bytes_ += *own;
  } else {
    base_bytes_.reset();
  }
}

char* outgoing_properties::room_for_text(std::size_t bytes) {
  if (bytes <= inline_text_bytes - text_bytes_) {
    char* const room = text_.data() + text_bytes_;
    text_bytes_ += bytes;
    return room;
  }
  return more_text_.emplace_back(std::make_unique<char[]>(bytes)).get();
}

void outgoing_properties::append(std::string_view name, std::string_view value) {
  char* const text = room_for_text(value.size());
  if (!value.empty()) std::memcpy(text, value.data(), value.size());
  amqp_table_entry_t& entry = entries_[count_++];
  entry.key = bytes_of(name);  // static text, as waybill::field has it
  entry.value.kind = AMQP_FIELD_KIND_UTF8;
  entry.value.value.bytes = {value.size(), text};
  field_bytes_ += bytes_per_field + name.size() + value.size();
}

void outgoing_properties::forget_fields() noexcept {
  count_ = count_of_given_;
  text_bytes_ = 0;
  field_bytes_ = 0;
}

void outgoing_properties::finish() noexcept {
  const bool had_headers = (own_._flags & AMQP_BASIC_HEADERS_FLAG) != 0;
  if (count_ > 0) own_._flags |= AMQP_BASIC_HEADERS_FLAG;
  if (count_ > 0 || had_headers) own_.headers = {static_cast<int>(count_), entries_};
  is_written_ = true;
}

}  // namespace waybill::inline v0::rabbitmq

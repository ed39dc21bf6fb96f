#include "waybill/rabbitmq/outgoing_properties.hpp"

#include <climits>
#include <cstdint>
#include <cstring>
#include <new>

#include "encoded_size.hpp"
#include "waybill/rabbitmq/headers.hpp"

namespace waybill::inline v0::rabbitmq {

namespace {

constexpr std::size_t bytes_per_field = detail::bytes_per_name + detail::bytes_per_long_string;

}  // namespace

// Inline: a call more is felt here.
[[gnu::always_inline]] inline void outgoing_properties::set(std::string_view name,
                                                            std::string_view value) {
  char* text = text_.data() + text_bytes_;
  if (value.size() <= inline_text_bytes - text_bytes_) {
    text_bytes_ += value.size();
  } else {
    text = more_text_.emplace_back(std::make_unique<char[]>(value.size())).get();
  }
  if (!value.empty()) std::memcpy(text, value.data(), value.size());
  const std::uint64_t bit = std::uint64_t{1} << (name.size() % 64);
  if ((lengths_ & bit) != 0 && replace_field(name, {value.size(), text})) return;
  lengths_ |= bit;
  amqp_table_entry_t& entry = entries_[count_++];
  entry.key = bytes_of(name);  // static text, as waybill::field has it
  entry.value.kind = AMQP_FIELD_KIND_UTF8;
  entry.value.value.bytes = {value.size(), text};
  field_bytes_ += bytes_per_field + name.size() + value.size();
}

/// Two formats may share a field, and one may set a field twice: there is room for each name once.
/// False: the name is new.
bool outgoing_properties::replace_field(std::string_view name, const amqp_bytes_t& value) noexcept {
  for (std::size_t i = count_of_given_; i < count_; ++i) {
    if (text_of(entries_[i].key) != name) continue;
    amqp_bytes_t& replaced = entries_[i].value.value.bytes;
    field_bytes_ = field_bytes_ - replaced.len + value.len;
    replaced = value;
    return true;
  }
  return false;
}

/// Writes where no older field is left of what is replaced: nothing has to be erased.
struct outgoing_properties::field_setter {
  outgoing_properties* to;
  void set(std::string_view name, std::string_view value) const { to->set(name, value); }
  void erase(std::string_view /*name*/) const noexcept {}
};

outgoing_properties::outgoing_properties(const context& context, borrowed_properties given,
                                         const propagation& settings,
                                         const destination& destination,
                                         std::size_t frame_bytes_max) noexcept
    : given_(given.get()) {
  // Whatever the boundary says of a context with a trace, no older field is left beside it.
  if (context.has_trace()) {
    write_fields(
        [&](const writer_ref& carrier, const inject_budget& budget) {
          return waybill::inject(context, carrier, settings, destination, budget);
        },
        settings, true, frame_bytes_max);
    return;
  }
  const header_reader existing(given_);
  write(messaging::sending(existing, {.context = &context}, inject_mode::replace, settings,
                           destination),
        settings, frame_bytes_max);
}

inject_report outgoing_properties::write(const messaging::sending& decided,
                                         const propagation& settings,
                                         std::size_t frame_bytes_max) noexcept {
  if (!decided.changes_headers()) return report_;
  write_fields([&](const writer_ref& carrier,
                   const inject_budget& budget) { return decided.write(carrier, budget); },
               settings, decided.replaces_all(), frame_bytes_max);
  return report_;
}

template <class Write>
void outgoing_properties::write_fields(Write&& write, const propagation& settings,
                                       bool replaces_all, std::size_t frame_bytes_max) noexcept {
  if (!copy_headers(settings.propagator(), replaces_all, frame_bytes_max)) {
    report_.code = errc::no_memory;
    settings.record({.way = direction::outbound, .code = errc::no_memory});
    return;
  }
  field_setter to{this};
  report_ = write(writer_ref(to), inject_budget());
  // That all fits is the rule: only where it does not is it told before it is written.
  // Properties without a size get no fields.
  const std::size_t room = base_bytes_ > frame_bytes_max ? 0 : frame_bytes_max - base_bytes_;
  if (frame_bytes_max != 0 && field_bytes_ > room) {
    forget_fields();
    report_ =
        write(writer_ref(to), inject_budget{.bytes_max = room, .bytes_per_field = bytes_per_field});
  }
  if (count_ > 0) own_._flags |= AMQP_BASIC_HEADERS_FLAG;
  if ((own_._flags & AMQP_BASIC_HEADERS_FLAG) != 0) {
    own_.headers = {static_cast<int>(count_), entries_};
  }
  is_written_ = true;
}

/// Copies the headers without the fields that are about to be replaced: all, or those of baggage.
/// False: no memory.
bool outgoing_properties::copy_headers(const propagator& formats, bool replaces_all,
                                       std::size_t frame_bytes_max) noexcept {
  own_ = given_ == nullptr ? amqp_basic_properties_t{} : *given_;
  const auto headers = entries_of(own_);
  const std::span<const field> fields = formats.fields();
  const std::size_t needed = headers.size() + fields.size();
  entries_ = inline_entries_.data();
  if (needed > inline_entries) {
    if (needed > INT_MAX) return false;
    more_entries_.reset(new (std::nothrow) amqp_table_entry_t[needed]);
    entries_ = more_entries_.get();
    if (entries_ == nullptr) return false;
  }
  const bool is_limited = frame_bytes_max != 0;
  std::size_t base_bytes = 0;
  if (is_limited) {
    base_bytes = detail::sum_of(detail::frame_bytes_without_headers(own_), detail::bytes_per_table);
  }
  std::size_t count = 0;
  if (!headers.empty()) {
    const field_name_filter names = formats.field_names();
    amqp_table_entry_t* const entries = entries_;
    for (const amqp_table_entry_t& each : headers) {
      if (names.may_be(text_of(each.key))) {
        const std::size_t index = formats.field_index(text_of(each.key));
        const bool is_replaced = index != fields.size() &&
                                 (replaces_all || fields[index].concern == field_concern::baggage);
        if (is_replaced) continue;
      }
      entries[count++] = each;
      if (is_limited) base_bytes = detail::sum_of(base_bytes, detail::encoded_bytes(each));
    }
  }
  base_bytes_ = base_bytes;
  count_of_given_ = count;
  forget_fields();
  return true;
}

void outgoing_properties::forget_fields() noexcept {
  count_ = count_of_given_;
  lengths_ = 0;
  text_bytes_ = 0;
  field_bytes_ = 0;
}

}  // namespace waybill::inline v0::rabbitmq

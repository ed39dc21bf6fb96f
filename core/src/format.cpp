#include "waybill/format.hpp"

#include "collected_fields.hpp"
#include "context_access.hpp"
#include "grammar.hpp"
#include "lists.hpp"

namespace waybill::inline v0 {

namespace detail {

void field_slot::compare(std::string_view repeat, const limits& within) noexcept {
  if (differs) return;
  // A value over the limit is refused whatever stands beside it: no need to compare it.
  differs = size > within.field_scan_bytes_max || repeat.size() > within.field_scan_bytes_max;
  if (differs) return;
  // Kept without its white space, which the next repeat need not walk again.
  const std::string_view first = trim(value());
  data = first.data();
  size = first.size();
  differs = first != trim(repeat);
}

void collected_fields::take_again(field_slot& slot, const field_value& value,
                                  field_kind kind) const noexcept {
  const bool combines = rules.duplicates == duplicate_rule::combine;
  if (combines && value.kind == value_kind::null) return;
  if (slot.count == 0) {
    slot.data = value.text.data();
    slot.size = value.text.size();
    slot.kind = value.kind;
  } else if (combines) {
    if (value.kind == value_kind::not_text) slot.kind = value.kind;
    if (kind == field_kind::single) slot.compare(value.text, *bounds);
  } else if (rules.duplicates != duplicate_rule::first) {
    slot.data = value.text.data();
    slot.size = value.text.size();
    slot.kind = value.kind;
  }
  ++slot.count;
}

}  // namespace detail

std::string_view field_values::text(std::size_t index) const noexcept {
  const std::size_t slot = slots_[index];
  return collected_->has(slot) ? collected_->text(slot) : std::string_view();
}

std::uint32_t field_values::count(std::size_t index) const noexcept {
  if (state(index) != errc::ok) return 0;
  return collected_->count(slots_[index]);
}

bool field_values::for_each(std::size_t index, value_function call, void* state) const noexcept {
  const std::uint32_t values = count(index);
  if (values == 1) call(state, text(index));
  if (values <= 1) return true;
  struct walk {
    const detail::collected_fields* collected;
    std::string_view name;
    bool is_exact;
    value_function call;
    void* state;
  } each{collected_, collected_->fields[slots_[index]].name,
         collected_->rules.names == name_rule::exact || collected_->slots[slots_[index]].is_exact,
         call, state};
  const field_visitor visit(
      [](void* self, std::string_view name, const field_value& value) noexcept {
        const walk& w = *static_cast<walk*>(self);
        const bool is_named =
            w.is_exact ? name == w.name : detail::equals_ignoring_case(name, w.name);
        if (!is_named || value.kind != value_kind::text) return;
        const bool over = value.text.size() > w.collected->bounds->field_scan_bytes_max;
        w.call(w.state, over ? value.text : detail::trim(value.text));
      },
      &each, field_name_filter(each.name));
  return collected_->carrier.for_each(visit);
}

errc extract_draft::set_tracestate(std::string_view text) noexcept {
  if (!detail::is_canonical_tracestate(text)) return errc::malformed;
  detail::text_buffer copy;
  if (!copy.append(text)) return errc::no_memory;
  detail::context_access::own_tracestate(*this, copy);
  return errc::ok;
}

errc extract_draft::set_baggage(std::string_view text) noexcept {
  const auto members = detail::canonical_baggage_members(text, limits_);
  if (!members.has_value()) return errc::malformed;
  detail::text_buffer copy;
  if (!copy.append(text)) return errc::no_memory;
  detail::context_access::own_baggage(*this, copy, *members);
  return errc::ok;
}

void extract_draft::report(std::size_t index, errc code) noexcept {
  report_->fields[slots_[index]] = code;
}

void field_writer::set(std::size_t index, std::string_view value) noexcept {
  if (value.empty() || !detail::is_all(value, detail::class_printable)) return;
  detail::context_access::put(*this, index, value);
}

format::~format() = default;

}  // namespace waybill::inline v0

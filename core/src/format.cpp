#include "waybill/format.hpp"

#include "collected_fields.hpp"
#include "context_access.hpp"
#include "grammar.hpp"
#include "lists.hpp"

namespace waybill::inline v0 {

namespace detail {

collected_fields::collected_fields(const reader_ref& from, carrier_rules by, const limits& within,
                                   std::span<const field> of) noexcept
    : carrier(from), rules(by), bounds(&within), fields(of) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    slots[i] = {nullptr, 0, 0, 0, value_kind::text, false, false};
  }
}

void collected_fields::collect(std::uint64_t name_lengths) noexcept {
  const field_visitor visit(
      [](void* self, std::string_view name, const field_value& value) noexcept {
        static_cast<collected_fields*>(self)->take(name, value);
      },
      this, name_lengths);
  if (carrier.is_visitable()) {
    failed = !carrier.for_each(visit);
    return;
  }
  for (const field& each : fields) failed |= !carrier.get(each.name, visit);
}

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

void collected_fields::take(std::string_view name, const field_value& value) noexcept {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (name.size() != fields[i].name.size()) continue;
    const bool is_exact = equals(name.data(), fields[i].name.data(), name.size());
    if (!is_exact &&
        (rules.names == name_rule::exact || !equals_ignoring_case(name, fields[i].name))) {
      continue;
    }
    field_slot& slot = slots[i];
    found_any = true;
    ++slot.appearances;
    if (rules.names == name_rule::prefer_exact) {
      if (slot.is_exact && !is_exact) return;
      if (is_exact && !slot.is_exact) {  // what stood under another spelling does not count
        slot.count = 0;
        slot.differs = false;
      }
      slot.is_exact = is_exact;
    }
    const bool combines = rules.duplicates == duplicate_rule::combine;
    if (combines && value.kind == value_kind::null) return;
    if (slot.count == 0) {
      slot.data = value.text.data();
      slot.size = value.text.size();
      slot.kind = value.kind;
    } else if (combines) {
      if (value.kind == value_kind::not_text) slot.kind = value.kind;
      if (fields[i].kind == field_kind::single) slot.compare(value.text, *bounds);
    } else if (rules.duplicates != duplicate_rule::first) {
      slot.data = value.text.data();
      slot.size = value.text.size();
      slot.kind = value.kind;
    }
    ++slot.count;
    return;
  }
}

errc collected_fields::state(std::size_t index) const noexcept {
  const field_slot& slot = slots[index];
  if (failed) return errc::carrier_failed;
  if (slot.count == 0) return errc::absent;
  if (rules.duplicates == duplicate_rule::reject && slot.appearances > 1) return errc::duplicate;
  if (slot.kind == value_kind::null) return errc::absent;
  if (slot.kind == value_kind::not_text) return errc::malformed;
  if (fields[index].kind == field_kind::single) {
    if (slot.differs) return errc::duplicate;
    if (slot.size > bounds->field_scan_bytes_max) return errc::too_large;
  }
  return errc::ok;
}

std::string_view collected_fields::text(std::size_t index) const noexcept {
  const std::string_view value = slots[index].value();
  // Whoever reads a list stops at the limit: trimming what is over it would only cost time.
  return value.size() > bounds->field_scan_bytes_max ? value : trim(value);
}

}  // namespace detail

std::string_view field_values::text(std::size_t index) const noexcept {
  return collected_->text(slots_[index]);
}

std::uint32_t field_values::count(std::size_t index) const noexcept {
  if (state(index) != errc::ok) return 0;
  const bool combines = collected_->rules.duplicates == duplicate_rule::combine;
  return combines ? collected_->slots[slots_[index]].count : 1;
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
      &each, std::uint64_t{1} << each.name.size());
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

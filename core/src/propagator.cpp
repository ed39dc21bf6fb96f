#include "waybill/propagator.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "collected_fields.hpp"
#include "context_access.hpp"
#include "grammar.hpp"
#include "lists.hpp"

namespace waybill::inline v0 {

namespace {

constexpr std::string_view default_names = "tracecontext,baggage";
constexpr std::size_t field_name_bytes_max = 63;  // field_name_filter's mask of lengths has 64 bits

const format* find_format(std::string_view name) noexcept {
  for (const format* each : {&tracecontext_format(), &baggage_format()}) {
    if (detail::equals_ignoring_case(name, each->name())) return each;
  }
  return nullptr;
}

/// A context cut to the limits, and the memory for it where cutting is not a matter of a prefix.
struct within_limits {
  context_view view;
  detail::text_buffer tracestate;
  errc code = errc::ok;

  within_limits(const context_view& context, const limits& limits, inject_parts parts) noexcept
      : view(context) {
    if (!parts.trace) view = view.without_trace();
    if (!parts.tracestate) view = view.without_tracestate();
    if (!parts.baggage) view = view.without_baggage();
    std::string_view state = view.tracestate_text();
    if (state.size() > limits.tracestate_bytes_max) {
      const bool is_cut =
          detail::truncate_tracestate(state, limits.tracestate_bytes_max, tracestate).has_value();
      code = is_cut ? errc::too_large : errc::no_memory;
      state = is_cut ? tracestate.view() : std::string_view();  // may have ended anywhere
    }
    detail::baggage_prefix items{view.baggage_text(), view.baggage_members(), errc::ok};
    if (items.members > limits.baggage_members_max ||
        items.text.size() > limits.baggage_bytes_max) {
      items = detail::cut_baggage(items.text, limits.baggage_members_max, limits.baggage_bytes_max);
      if (code == errc::ok) code = items.status;
    }
    view = detail::context_access::make_view(view.span_context(), state, items.text, items.members);
  }
};

}  // namespace

propagator::propagator() noexcept {
  add(tracecontext_format());
  add(baggage_format());
}

propagator::propagator(std::span<const format* const> formats) noexcept {
  for (const format* each : formats) add(*each);
}

propagator propagator::from_names(std::string_view names, names_report* report) noexcept {
  names_report unused;
  names_report& left_out = report != nullptr ? *report : unused;
  left_out = {};
  propagator chosen{std::span<const format* const>{}};
  while (!names.empty()) {
    const std::string_view name = detail::trim(detail::next_piece(names));
    if (name.empty() || detail::equals_ignoring_case(name, "none")) continue;
    if (const format* found = find_format(name)) {
      chosen.add(*found);
    } else if (left_out.unknown++ == 0) {
      left_out.first_unknown = name;
    }
  }
  return chosen;
}

propagator propagator::from_environment(names_report* report) noexcept {
  const char* names = std::getenv("OTEL_PROPAGATORS");  // NOLINT(concurrency-mt-unsafe): reads only
  const bool is_set = names != nullptr && !detail::trim(names).empty();
  return from_names(is_set ? std::string_view(names) : default_names, report);
}

void propagator::add(const format& added) noexcept {
  const auto known = formats();
  if (std::find(known.begin(), known.end(), &added) != known.end()) return;
  const std::span<const field> names = added.fields();
  if (format_count_ == formats_max || slot_count_ + names.size() > fields_max) return;
  for (const field& each : names) {
    if (each.name.empty() || each.name.size() > field_name_bytes_max) return;
  }
  first_slot_[format_count_] = slot_count_;
  for (const field& each : names) {
    std::size_t index = 0;
    while (index < field_count_ && fields_[index].name != each.name) ++index;
    if (index == field_count_) {
      all_absent_[field_count_] = errc::absent;
      fields_[field_count_++] = each;
      names_.add(each.name);
    } else if (each.access == field_access::read_write) {
      fields_[index].access = field_access::read_write;  // one format that writes it is enough
    }
    if (fields_[index].access == field_access::read_write) {
      (fields_[index].concern == field_concern::baggage ? baggage_fields_
       : fields_[index].kind == field_kind::list        ? tracestate_fields_
                                                        : span_context_fields_) |= std::uint32_t{1}
                                                                            << index;
    }
    slots_[slot_count_++] = static_cast<std::uint8_t>(index);
    masks_[format_count_] |= std::uint32_t{1} << index;
  }
  formats_[format_count_++] = &added;
}

field_match propagator::find_field(std::string_view name) const noexcept {
  // Most names come as they are written; the others are compared letter by letter.
  std::size_t index = 0;
  while (index < field_count_ &&
         (fields_[index].name.size() != name.size() ||
          !detail::equals(fields_[index].name.data(), name.data(), name.size()))) {
    ++index;
  }
  const bool is_exact = index < field_count_;
  if (!is_exact) {
    index = 0;
    while (index < field_count_ && !detail::equals_ignoring_case(name, fields_[index].name)) {
      ++index;
    }
  }
  const bool is_written = index < field_count_ && fields_[index].access == field_access::read_write;
  return {is_written ? index : field_count_, is_exact};
}

// Inline, as all that is called for every message: most messages carry nothing, or a position
// alone.
[[gnu::always_inline]] inline bool propagator::collect(detail::collected_fields& collected,
                                                       extract_report* report) const noexcept {
  collected.collect(names_);
  if (report != nullptr) {  // the caller may use one report for many messages
    report->fields = all_absent_;
    report->repeated = 0;
    report->members_dropped = 0;
    for (std::size_t i = 0; collected.failed && i < field_count_; ++i) {
      report->fields[i] = errc::carrier_failed;
    }
  }
  return collected.found != 0 && !collected.failed;
}

[[gnu::always_inline]] inline void propagator::read(detail::collected_fields& collected,
                                                    extract_draft& draft) const noexcept {
  extract_report& report = *draft.report_;
  collected.states = all_absent_;
  for (std::uint32_t left = collected.found; left != 0; left &= left - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(left));
    const errc state = collected.state(i);
    collected.states[i] = state;
    report.fields[i] = state;
    if (collected.is_repeated(i)) report.repeated |= std::uint32_t{1} << i;
  }
  for (std::size_t i = 0; i < format_count_; ++i) {
    if ((collected.found & masks_[i]) == 0) continue;
    draft.slots_ = slots_of(i);
    formats_[i]->extract(field_values(collected, collected.states.data(), draft.slots_), draft);
  }
}

context propagator::extract(const reader_ref& carrier, carrier_rules rules, const limits& limits,
                            extract_report* report) const noexcept {
  detail::collected_fields collected(carrier, rules, limits, fields());
  context made;
  if (!collect(collected, report)) return made;
  extract_report unused;
  extract_draft draft(limits, report != nullptr ? *report : unused,
                      detail::context_access::span_context_of(made));
  read(collected, draft);
  detail::context_access::store_texts(draft, made);
  // A context keeps silent about memory that ran out; whoever asks for a report is told.
  const bool lost_baggage = made.baggage_text().size() != draft.baggage_.size();
  const bool lost_tracestate = made.tracestate_text().size() != draft.tracestate_.size();
  if (report != nullptr && (lost_baggage || lost_tracestate)) {
    for (std::size_t i = 0; i < field_count_; ++i) {
      const bool carries_baggage = fields_[i].concern == field_concern::baggage;
      const bool is_list = fields_[i].kind == field_kind::list;
      const bool is_lost = carries_baggage ? lost_baggage : lost_tracestate && is_list;
      if (is_lost && report->fields[i] != errc::absent) report->fields[i] = errc::no_memory;
    }
  }
  return made;
}

result<context_view> propagator::peek_at(const reader_ref& carrier, carrier_rules rules,
                                         const limits& limits,
                                         extract_report* report) const noexcept {
  detail::collected_fields collected(carrier, rules, limits, fields());
  result<context_view> made{context_view{}};
  if (!collect(collected, report)) return made;
  extract_report unused;
  extract_draft draft(limits, report != nullptr ? *report : unused,
                      detail::context_access::span_context_of(*made));
  read(collected, draft);
  // Text in a buffer of the draft's would dangle.
  if (draft.tracestate_owned_.size() > 0 || draft.baggage_owned_.size() > 0) {
    made = errc::needs_copy;
  } else {
    detail::context_access::store_texts(draft, *made);
  }
  return made;
}

std::uint32_t propagator::fields_of(const context_view& context) const noexcept {
  return (context.has_trace() ? span_context_fields_ | tracestate_fields_ : 0) |
         (context.has_baggage() ? baggage_fields_ : 0);
}

// Inline: a call more is felt here.
[[gnu::always_inline]] inline inject_report propagator::write(
    const context_view& context, std::uint32_t concerned, std::uint32_t replaced,
    const writer_ref& carrier) const noexcept {
  inject_report report;
  if (replaced == 0) return report;
  field_writer writer(carrier, fields_.data());
  for (std::size_t i = 0; i < format_count_; ++i) {
    if ((masks_[i] & concerned) == 0) continue;
    writer.slots_ = slots_of(i);
    formats_[i]->inject(context, writer);
  }
  const std::uint32_t stale = replaced & ~writer.written_;
  for (std::uint32_t left = stale; left != 0; left &= left - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(left));
    writer.failed_ |= !carrier.erase(fields_[i].name);
  }
  report.trace = (writer.written_ & span_context_fields_) != 0;
  report.tracestate = (writer.written_ & tracestate_fields_) != 0;
  report.baggage = (writer.written_ & baggage_fields_) != 0;
  if (writer.failed_) report.code = errc::carrier_failed;
  return report;
}

inject_report propagator::inject(const context_view& context, const writer_ref& carrier,
                                 const limits& limits) const noexcept {
  const bool fits = context.tracestate_text().size() <= limits.tracestate_bytes_max &&
                    context.baggage_members() <= limits.baggage_members_max &&
                    context.baggage_text().size() <= limits.baggage_bytes_max;
  if (!fits) return write_within_limits(context, carrier, limits, {});
  const std::uint32_t concerned = fields_of(context);
  // A new position never stands beside an older one's baggage.
  const std::uint32_t replaced = concerned | (context.has_trace() ? baggage_fields_ : 0);
  return write(context, concerned, replaced, carrier);
}

inject_report propagator::inject(const context_view& context, const writer_ref& carrier,
                                 const limits& limits, inject_parts parts) const noexcept {
  if (parts.trace && parts.tracestate && parts.baggage) return inject(context, carrier, limits);
  return write_within_limits(context, carrier, limits, parts);
}

inject_report propagator::write_within_limits(const context_view& context,
                                              const writer_ref& carrier, const limits& limits,
                                              inject_parts parts) const noexcept {
  const within_limits fitting(context, limits, parts);
  const std::uint32_t replaced = fields_of(context) | (context.has_trace() ? baggage_fields_ : 0);
  inject_report report = write(fitting.view, fields_of(fitting.view), replaced, carrier);
  if (report.code == errc::ok) report.code = fitting.code;
  return report;
}

errc propagator::strip(const writer_ref& carrier) const noexcept {
  errc code = errc::ok;
  for (const field& each : fields()) {
    if (each.access == field_access::read_only) continue;
    if (!carrier.erase(each.name)) code = errc::carrier_failed;
  }
  return code;
}

}  // namespace waybill::inline v0

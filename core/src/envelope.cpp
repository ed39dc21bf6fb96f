#include "waybill/envelope.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "json_object.hpp"
#include "json_walker.hpp"

namespace waybill::inline v0 {

namespace {

constexpr carrier_rules json_rules{duplicate_rule::last, name_rule::exact};
/// Two quotes and a comma, a colon and two quotes.
constexpr std::size_t json_bytes_per_field = 6;

/// CloudEvents, "Distributed Tracing" extension: these two, and no baggage.
constexpr std::array<field, 2> event_fields{{
    {"traceparent", field_kind::single, field_concern::trace},
    {"tracestate", field_kind::list, field_concern::trace},
}};

std::span<const field> fields_of(envelope_form form, const propagation& settings) noexcept {
  if (form == envelope_form::cloudevents_json) return event_fields;
  return settings.propagator().fields();
}

/// JSON's names are exact: the index of this very name, or fields.size().
std::size_t exact_index(std::string_view name, std::span<const field> fields) noexcept {
  std::size_t index = 0;
  while (index < fields.size() && fields[index].name != name) ++index;
  return index;
}

/// Keeps what was found in a text that is an envelope: other texts cost no allocation.
errc keep(detail::json_object&& found, detail::json_pointer& kept) noexcept {
  kept.reset(new (std::nothrow) detail::json_object(std::move(found)));
  return kept != nullptr ? errc::ok : errc::no_memory;
}

}  // namespace

void detail::json_deleter::operator()(json_object* parsed) const noexcept { delete parsed; }

envelope_writer::envelope_writer(envelope_form form, std::optional<std::string_view> payload,
                                 const propagation& settings,
                                 const destination& destination) noexcept
    : settings_(&settings),
      destination_(destination),
      payload_(payload.value_or(std::string_view())),
      form_(form),
      is_null_(!payload.has_value()),
      pairs_(settings.limits().envelope_block_bytes_max) {
  if (is_null_) code_ = errc::no_envelope;
  if (form == envelope_form::none) code_ = errc::no_envelope;
  if (code_ != errc::ok || !is_json()) return;
  detail::json_object found;
  code_ = found.scan(payload_, fields(), settings.limits());
  if (code_ == errc::absent) code_ = errc::no_envelope;
  if (form == envelope_form::cloudevents_json && code_ == errc::ok) {
    if (!found.is_cloud_event()) code_ = errc::no_envelope;
    has_event_context_ = found.has(0) || found.has(1);
  }
  if (code_ == errc::ok) code_ = keep(std::move(found), json_);
}

void envelope_writer::for_each_member(const field_visitor& visit) const noexcept {
  json_->for_each(payload_, fields(), visit);
}

std::span<const field> envelope_writer::fields() const noexcept {
  return fields_of(form_, *settings_);
}

carrier_rules envelope_writer::rules() const noexcept {
  return is_json() ? json_rules : frame_header::rules();
}

inject_budget envelope_writer::budget(const inject_budget& wanted) const noexcept {
  const std::size_t block = settings_->limits().envelope_block_bytes_max;
  return {std::min({wanted.bytes_max, block, frame_block_bytes_max}),
          is_json() ? json_bytes_per_field : frame_pair_overhead_bytes};
}

void envelope_writer::record(errc code, std::string_view name) noexcept {
  if (recorded_ != errc::ok) return;
  recorded_ = code;
  settings_->record(
      {direction::outbound, code, name, settings_->boundary().find_index(destination_)});
}

void envelope_writer::set(std::string_view name, std::string_view value) noexcept {
  if (code_ != errc::ok) {
    if (form_ != envelope_form::none) record(code_);
    return;
  }
  if (is_json()) {
    const std::size_t index = exact_index(name, fields());
    if (index == fields().size() || has_event_context_) return;
    if (json_->is_foreign(index)) {
      record(errc::no_envelope, name);
      return;
    }
  }
  erase(name);
  pairs_.set(name, value);
}

void envelope_writer::erase(std::string_view name) noexcept {
  pairs_.erase(name);
  if (form_ != envelope_form::json_members || code_ != errc::ok) return;
  const std::size_t index = exact_index(name, fields());
  if (index < fields().size() && !json_->is_foreign(index)) replaced_ |= std::uint32_t{1} << index;
}

errc envelope_writer::close() noexcept {
  errc code = pairs_.error();
  if (is_json()) {
    const errc made = close_json();
    if (made != errc::ok) code = made;
  } else if (code_ == errc::ok && (!pairs_.is_empty() || looks_like_frame(payload_))) {
    static_cast<void>(pairs_.close());
  }
  if (code != errc::ok) record(code);
  tell_parts();
  return code;
}

errc envelope_writer::close_json() noexcept {
  text_.clear();
  if (code_ != errc::ok) return errc::ok;
  const bool removes = (replaced_ & json_->own()) != 0;
  if (pairs_.is_empty() && !removes) return errc::ok;
  detail::text_buffer added;
  bool is_good = true;
  pairs_.for_each([&](std::string_view name, std::string_view value) {
    if (added.size() > 0) is_good = is_good && added.append(',');
    is_good = is_good && detail::append_json_string(name, added) && added.append(':') &&
              detail::append_json_string(value, added);
  });
  if (is_good && json_->rewrite(payload_, fields(), replaced_, added.view(), text_))
    return errc::ok;
  text_.clear();
  return errc::no_memory;
}

void envelope_writer::tell_parts() noexcept {
  report_ = {recorded_, false, false, false};
  if (!is_changed()) return;
  pairs_.for_each([this](std::string_view name, std::string_view /*value*/) {
    const std::span<const field> known = settings_->propagator().fields();
    const std::size_t index = exact_index(name, known);
    if (index == known.size()) return;
    const bool is_list = known[index].kind == field_kind::list;
    if (known[index].concern == field_concern::baggage) {
      report_.baggage = true;
    } else {
      (is_list ? report_.tracestate : report_.trace) = true;
    }
  });
}

envelope_writer wrap(envelope_form form, std::optional<std::string_view> payload,
                     const context_view& context, const propagation& settings,
                     const destination& destination, const inject_budget& budget) noexcept {
  envelope_writer made(form, payload, settings, destination);
  inject_report injected;
  if (form != envelope_form::none)
    injected = inject(context, made, settings, destination, made.budget(budget));
  made.close();
  if (injected.code != errc::ok) made.report_.code = injected.code;
  return made;
}

envelope_reader::envelope_reader(envelope_form form, std::optional<std::string_view> payload,
                                 const propagation& settings,
                                 const destination& destination) noexcept
    : settings_(&settings),
      destination_(destination),
      received_(payload.value_or(std::string_view())),
      payload_(received_),
      form_(form),
      is_null_(!payload.has_value()) {
  if (is_null_ || form == envelope_form::none) return;
  if (form == envelope_form::frame) {
    const result<frame_view> parsed =
        parse_frame(received_, settings.limits().envelope_block_bytes_max);
    code_ = parsed.error();
    if (parsed.has_value()) {
      frame_ = *parsed;
      payload_ = frame_.payload();
    }
  } else {
    detail::json_object found;
    code_ = found.scan(received_, fields(), settings.limits());
    if (code_ == errc::ok) {
      const bool is_event = form == envelope_form::json_members || found.is_cloud_event();
      code_ = is_event && found.has_any() ? keep(std::move(found), json_) : errc::absent;
    }
  }
  if (code_ > errc::absent) record(code_);
}

void envelope_reader::for_each_member(const field_visitor& visit) const noexcept {
  json_->for_each(received_, fields(), visit);
}

std::span<const field> envelope_reader::fields() const noexcept {
  return fields_of(form_, *settings_);
}

carrier_rules envelope_reader::rules() const noexcept {
  return form_ > envelope_form::frame ? json_rules : frame_view::rules();
}

void envelope_reader::record(errc code) const noexcept {
  settings_->record({direction::inbound, code, {}, settings_->boundary().find_index(destination_)});
}

errc envelope_reader::strip() noexcept {
  if (form_ != envelope_form::json_members || code_ != errc::ok || owns_payload()) return errc::ok;
  std::uint32_t removed = json_->own();
  for (std::size_t i = 0; i < fields().size(); ++i) {
    if (fields()[i].access == field_access::read_only) removed &= ~(std::uint32_t{1} << i);
  }
  if (json_->rewrite(received_, fields(), removed, {}, text_)) return errc::ok;
  text_.clear();
  record(errc::no_memory);
  return errc::no_memory;
}

unwrapped::unwrapped(envelope_reader&& envelope, const propagation& settings,
                     const destination& destination) noexcept
    : envelope_(std::move(envelope)), extraction_(extract(envelope_, settings, destination)) {
  envelope_.strip();
}

unwrapped unwrap(envelope_form form, std::optional<std::string_view> payload,
                 const propagation& settings, const destination& destination) noexcept {
  return {envelope_reader(form, payload, settings, destination), settings, destination};
}

}  // namespace waybill::inline v0

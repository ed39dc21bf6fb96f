#include "waybill/envelope.hpp"

#include <algorithm>
#include <array>
#include <utility>

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

std::span<const field> fields_of(envelope_form form, const propagation& with) noexcept {
  if (form == envelope_form::cloudevents_json) return event_fields;
  return with.formats.fields();
}

/// JSON's names are exact: the index of this very name, or fields.size().
std::size_t exact_index(std::string_view name, std::span<const field> fields) noexcept {
  std::size_t index = 0;
  while (index < fields.size() && fields[index].name != name) ++index;
  return index;
}

void record_event(const propagation& with, direction way, errc code, std::string_view name,
                  const destination& where) noexcept {
  if (with.diagnostics == nullptr) return;
  with.diagnostics->record({way, code, name, with.boundary.find_index(where)});
}

}  // namespace

envelope_writer::envelope_writer(envelope_form form, std::optional<std::string_view> payload,
                                 const propagation& with, const destination& to) noexcept
    : with_(&with),
      to_(to),
      payload_(payload.value_or(std::string_view())),
      form_(form),
      is_null_(!payload.has_value()),
      pairs_(with.limits.envelope_block_bytes_max) {
  if (is_null_) code_ = errc::no_envelope;
  if (form == envelope_form::none) code_ = errc::no_envelope;
  if (code_ != errc::ok || !is_json()) return;
  code_ = json_.scan(payload_, fields(), with.limits);
  if (code_ == errc::absent) code_ = errc::no_envelope;
  if (form == envelope_form::cloudevents_json && code_ == errc::ok) {
    if (!json_.is_cloud_event()) code_ = errc::no_envelope;
    has_event_context_ = json_.has(0) || json_.has(1);
  }
  if (code_ != errc::ok) json_ = detail::json_object();
}

std::span<const field> envelope_writer::fields() const noexcept { return fields_of(form_, *with_); }

carrier_rules envelope_writer::rules() const noexcept {
  return is_json() ? json_rules : frame_header::rules();
}

inject_budget envelope_writer::budget(const inject_budget& wanted) const noexcept {
  const std::size_t block = with_->limits.envelope_block_bytes_max;
  return {std::min({wanted.bytes_max, block, frame_block_bytes_max}),
          is_json() ? json_bytes_per_field : frame_pair_overhead_bytes};
}

void envelope_writer::record(errc code, std::string_view name) noexcept {
  if (recorded_ != errc::ok) return;
  recorded_ = code;
  record_event(*with_, direction::outbound, code, name, to_);
}

void envelope_writer::set(std::string_view name, std::string_view value) noexcept {
  if (code_ != errc::ok) {
    if (form_ != envelope_form::none) record(code_);
    return;
  }
  if (is_json()) {
    const std::size_t index = exact_index(name, fields());
    if (index == fields().size() || has_event_context_) return;
    if (json_.is_foreign(index)) {
      record(errc::no_envelope, name);
      return;
    }
  }
  erase(name);
  pairs_.set(name, value);
}

void envelope_writer::erase(std::string_view name) noexcept {
  pairs_.erase(name);
  if (form_ != envelope_form::json_members) return;
  const std::size_t index = exact_index(name, fields());
  if (index < fields().size() && !json_.is_foreign(index)) replaced_ |= std::uint32_t{1} << index;
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
  const bool removes = (replaced_ & json_.own()) != 0;
  if (code_ != errc::ok || (pairs_.is_empty() && !removes)) return errc::ok;
  detail::text_buffer added;
  bool is_good = true;
  pairs_.for_each([&](std::string_view name, std::string_view value) {
    if (added.size() > 0) is_good = is_good && added.append(',');
    is_good = is_good && detail::append_json_string(name, added) && added.append(':') &&
              detail::append_json_string(value, added);
  });
  if (is_good && json_.rewrite(payload_, fields(), replaced_, added.view(), text_)) return errc::ok;
  text_.clear();
  return errc::no_memory;
}

void envelope_writer::tell_parts() noexcept {
  report_ = {recorded_, false, false, false};
  if (!is_changed()) return;
  pairs_.for_each([this](std::string_view name, std::string_view /*value*/) {
    const std::span<const field> known = with_->formats.fields();
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
                     const context_view& context, const propagation& with, const destination& to,
                     const inject_budget& budget) noexcept {
  envelope_writer made(form, payload, with, to);
  inject_report injected;
  if (form != envelope_form::none) injected = inject(context, made, with, to, made.budget(budget));
  made.close();
  if (injected.code != errc::ok) made.report_.code = injected.code;
  return made;
}

envelope_reader::envelope_reader(envelope_form form, std::optional<std::string_view> payload,
                                 const propagation& with, const destination& from) noexcept
    : with_(&with),
      from_(from),
      received_(payload.value_or(std::string_view())),
      payload_(received_),
      form_(form),
      is_null_(!payload.has_value()) {
  if (is_null_ || form == envelope_form::none) return;
  if (form == envelope_form::frame) {
    const result<frame_view> parsed = parse_frame(received_, with.limits.envelope_block_bytes_max);
    code_ = parsed.error();
    if (parsed.has_value()) {
      frame_ = *parsed;
      payload_ = frame_.payload();
    }
  } else {
    code_ = json_.scan(received_, fields(), with.limits);
    const bool is_event = form == envelope_form::json_members || json_.is_cloud_event();
    if (code_ == errc::ok && !is_event) code_ = errc::absent;
    if (code_ != errc::ok) json_ = detail::json_object();
    if (code_ == errc::ok && !json_.has_any()) code_ = errc::absent;
  }
  if (code_ > errc::absent) record(code_);
}

std::span<const field> envelope_reader::fields() const noexcept { return fields_of(form_, *with_); }

carrier_rules envelope_reader::rules() const noexcept {
  return form_ > envelope_form::frame ? json_rules : frame_view::rules();
}

void envelope_reader::record(errc code) const noexcept {
  record_event(*with_, direction::inbound, code, {}, from_);
}

errc envelope_reader::strip() noexcept {
  if (form_ != envelope_form::json_members || code_ != errc::ok || owns_payload()) return errc::ok;
  if (json_.rewrite(received_, fields(), json_.own(), {}, text_)) return errc::ok;
  text_.clear();
  record(errc::no_memory);
  return errc::no_memory;
}

unwrapped::unwrapped(envelope_reader&& envelope, const propagation& with,
                     const destination& from) noexcept
    : envelope_(std::move(envelope)), extraction_(extract(envelope_, with, from)) {
  envelope_.strip();
}

unwrapped unwrap(envelope_form form, std::optional<std::string_view> payload,
                 const propagation& with, const destination& from) noexcept {
  return {envelope_reader(form, payload, with, from), with, from};
}

}  // namespace waybill::inline v0

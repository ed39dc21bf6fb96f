#include <array>

#include "context_access.hpp"
#include "lists.hpp"
#include "never_destroyed.hpp"
#include "waybill/format.hpp"

// The functions of the public interface that read and write W3C's fields, and the two formats that
// consist of them. In one file, so that the compiler can inline them into the formats.

namespace waybill::inline v0 {

namespace {

/// An empty list field is no value, and no error wherever it stands.
bool carries_anything(const field_values& values, std::size_t index) noexcept {
  bool found = false;
  values.for_each(
      index,
      [](void* state, std::string_view value) noexcept {
        *static_cast<bool*>(state) |= !value.empty();
      },
      &found);
  return found;
}

}  // namespace

bool extract_draft::read_traceparent(const field_values& values, std::size_t index) noexcept {
  if (values.state(index) != errc::ok) return false;
  const errc code =
      detail::context_access::read_trace(*this, detail::context_access::text(values, index));
  if (code != errc::ok) report(index, code);
  return code == errc::ok;
}

void extract_draft::read_tracestate(const field_values& values, std::size_t index,
                                    bool has_trace) noexcept {
  if (values.state(index) != errc::ok) return;
  if (!has_trace) {
    if (carries_anything(values, index)) report(index, errc::no_traceparent);
    return;
  }
  const std::size_t bytes_max = limits_.tracestate_bytes_max;
  const std::string_view text = detail::context_access::text(values, index);
  if (detail::context_access::count(values, index) == 1 && text.size() <= bytes_max &&
      text.size() <= limits_.field_scan_bytes_max && detail::is_canonical_tracestate(text)) {
    detail::context_access::borrow_tracestate(*this, text);
    return;
  }
  detail::tracestate_cleaner cleaner(limits_);
  const bool is_whole = values.for_each(
      index,
      [](void* state, std::string_view value) noexcept {
        static_cast<detail::tracestate_cleaner*>(state)->add(value);
      },
      &cleaner);
  errc code = is_whole ? cleaner.status() : errc::carrier_failed;
  if (code == errc::ok && cleaner.text().size() > bytes_max) {
    detail::text_buffer fitting;
    const auto dropped = detail::truncate_tracestate(cleaner.text().view(), bytes_max, fitting);
    code = dropped.has_value() ? errc::too_large : errc::no_memory;
    if (dropped.has_value()) {
      add_dropped_members(*dropped);
      detail::context_access::own_tracestate(*this, fitting);
    }
  } else if (code == errc::ok) {
    detail::context_access::own_tracestate(*this, cleaner.text());
  }
  report(index, code);
}

void extract_draft::read_baggage(const field_values& values, std::size_t index) noexcept {
  if (values.state(index) != errc::ok) return;
  if (detail::context_access::count(values, index) == 1) {
    const std::string_view text = detail::context_access::text(values, index);
    const auto members = detail::canonical_baggage_members(text, limits_);
    if (members.has_value()) {
      detail::context_access::borrow_baggage(*this, text, *members);
      return;
    }
  }
  detail::baggage_cleaner cleaner(limits_);
  const bool is_whole = values.for_each(
      index,
      [](void* state, std::string_view value) noexcept {
        static_cast<detail::baggage_cleaner*>(state)->add(value);
      },
      &cleaner);
  if (!is_whole) {
    report(index, errc::carrier_failed);
    return;
  }
  report(index, cleaner.status());
  add_dropped_members(cleaner.dropped());
  if (cleaner.members() > 0) {
    detail::context_access::own_baggage(*this, cleaner.text(), cleaner.members());
  }
}

bool field_writer::set_traceparent(std::size_t index, const context_view& context) noexcept {
  if (!context.has_trace()) return false;
  std::array<char, traceparent_bytes> text;
  detail::write_traceparent(context.span_context(), text.data());
  return detail::context_access::put(*this, index, {text.data(), text.size()});
}

void field_writer::set_tracestate(std::size_t index, const context_view& context) noexcept {
  const std::string_view text = context.tracestate_text();
  if (!text.empty()) detail::context_access::put(*this, index, text);
}

void field_writer::set_baggage(std::size_t index, const context_view& context) noexcept {
  const std::string_view text = context.baggage_text();
  if (!text.empty()) detail::context_access::put(*this, index, text);
}

namespace {

/// W3C Trace Context Level 2. The tracestate is read only with a usable traceparent, and a bad
/// one never costs the traceparent.
class tracecontext final : public format {
 public:
  constexpr tracecontext() = default;

  [[nodiscard]] std::string_view name() const noexcept override { return "tracecontext"; }

  [[nodiscard]] std::span<const field> fields() const noexcept override { return all_fields; }

  // Flat, both of them: a call more is felt here.
  [[gnu::flatten]] void extract(const field_values& values,
                                extract_draft& draft) const noexcept override {
    const bool has_trace = draft.read_traceparent(values, traceparent);
    draft.read_tracestate(values, tracestate, has_trace);
  }

  [[gnu::flatten]] void inject(const context_view& context,
                               field_writer& writer) const noexcept override {
    if (writer.set_traceparent(traceparent, context)) writer.set_tracestate(tracestate, context);
  }

 private:
  enum : std::size_t { traceparent = 0, tracestate = 1 };
  static constexpr std::array<field, 2> all_fields{{
      {"traceparent", field_kind::single, field_concern::trace},
      {"tracestate", field_kind::list, field_concern::trace},
  }};
};

/// W3C Baggage. Read, kept and sent without a trace too.
class baggage_fields final : public format {
 public:
  constexpr baggage_fields() = default;

  [[nodiscard]] std::string_view name() const noexcept override { return "baggage"; }

  [[nodiscard]] std::span<const field> fields() const noexcept override { return all_fields; }

  void extract(const field_values& values, extract_draft& draft) const noexcept override {
    draft.read_baggage(values, baggage);
  }

  void inject(const context_view& context, field_writer& writer) const noexcept override {
    writer.set_baggage(baggage, context);
  }

 private:
  enum : std::size_t { baggage = 0 };
  static constexpr std::array<field, 1> all_fields{
      {{"baggage", field_kind::list, field_concern::baggage}}};
};

}  // namespace

const format& tracecontext_format() noexcept {
  static constinit detail::never_destroyed<tracecontext> instance;
  return instance.value;
}

const format& baggage_format() noexcept {
  static constinit detail::never_destroyed<baggage_fields> instance;
  return instance.value;
}

}  // namespace waybill::inline v0

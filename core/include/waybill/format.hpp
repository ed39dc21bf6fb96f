#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "waybill/carrier.hpp"
#include "waybill/context.hpp"
#include "waybill/detail/text_buffer.hpp"
#include "waybill/limits.hpp"

namespace waybill::inline v0 {

/// Whether a field holds one value or a comma-separated list that may be spread over several.
enum class field_kind : std::uint8_t { single, list };

/// Which part of a context a field carries. A context without that part leaves the field alone.
enum class field_concern : std::uint8_t { trace, baggage };

/// Whether a field is only read: then inject neither writes nor replaces it, and strip leaves it.
/// An example is CloudEvents' ce_traceparent, which belongs to the event.
enum class field_access : std::uint8_t { read_write, read_only };

/// One header name of a format: 1 to 63 bytes, static text. It is written as it is spelled here,
/// and may have capitals.
struct field {
  std::string_view name;                           ///< As it is written.
  field_kind kind = field_kind::single;            ///< How repeated ones are read.
  field_concern concern = field_concern::trace;    ///< What it carries.
  field_access access = field_access::read_write;  ///< Whether it is written, too.
};

/// Fields of all formats of a propagator together.
inline constexpr std::size_t fields_max = 32;

/// What became of each field of one extraction.
struct extract_report {
  /// By the index of propagator::fields(): ok, absent, or why the field (or a part of it) was
  /// not taken.
  std::array<errc, fields_max> fields{};
  /// Bit i: field i was there more than once where a single one is expected.
  std::uint32_t repeated = 0;
  /// List members left out as malformed, or over a lowered tracestate limit.
  std::uint32_t members_dropped = 0;
};

namespace detail {
struct collected_fields;
}  // namespace detail

/// The values a carrier holds of one format's fields. Indices are those of format::fields().
/// @par Lifetime   during format::extract.
class field_values {
 public:
  /// ok: there is a value, which may be empty; else absent, malformed, duplicate or too_large.
  [[nodiscard]] errc state(std::size_t index) const noexcept { return states_[slots_[index]]; }
  /// The value without the spaces and tabs around it; of a list field the first one.
  [[nodiscard]] WAYBILL_API std::string_view text(std::size_t index) const noexcept;
  /// How many values a list field has under the carrier's rules: one, unless they are combined.
  [[nodiscard]] WAYBILL_API std::uint32_t count(std::size_t index) const noexcept;
  /// Calls `call(state, value)` for each value of a list field in order, each without the spaces
  /// and tabs around it. A format looks at no more than limits.field_scan_bytes_max of them.
  using value_function = void (*)(void* state, std::string_view value) noexcept;
  /// False when the carrier's own function threw: then not all values came.
  WAYBILL_API bool for_each(std::size_t index, value_function call, void* state) const noexcept;

 private:
  friend class propagator;
  friend struct detail::context_access;
  field_values(const detail::collected_fields& collected, const errc* states,
               const std::uint8_t* slots) noexcept
      : collected_(&collected), states_(states), slots_(slots) {}

  const detail::collected_fields* collected_;
  const errc* states_;         // of every field of the propagator
  const std::uint8_t* slots_;  // the format's fields as indices of the propagator's
};

/// A context while formats read it. A later format that finds a trace or baggage replaces what
/// an earlier one found.
class extract_draft {
 public:
  /// How much may be read.
  [[nodiscard]] const waybill::limits& limits() const noexcept { return limits_; }

  /// Reads W3C's fields by their rules, and reports what is refused: for formats that carry a
  /// traceparent, a tracestate or baggage under a name of their own. `index` is that of
  /// format::fields().
  /// @{
  /// False when there is no usable traceparent.
  WAYBILL_API bool read_traceparent(const field_values& values, std::size_t index) noexcept;
  /// `has_trace` is what read_traceparent returned: without a trace the field is not read, and
  /// reported as no_traceparent.
  WAYBILL_API void read_tracestate(const field_values& values, std::size_t index,
                                   bool has_trace) noexcept;
  WAYBILL_API void read_baggage(const field_values& values, std::size_t index) noexcept;
  /// @}
  /// Sets the span context; a tracestate of an earlier format goes.
  void set_span_context(const waybill::span_context& span_context) noexcept {
    *span_context_ = span_context;
    tracestate_ = {};
  }
  /// Sets the tracestate of the span context set before, from canonical text, which is copied.
  /// @par Errors   malformed (not canonical), no_memory; nothing is set then.
  WAYBILL_API errc set_tracestate(std::string_view text) noexcept;
  /// Sets the baggage from canonical text, which is copied.
  /// @par Errors   malformed (not canonical, or over the limits), no_memory; nothing is set then.
  WAYBILL_API errc set_baggage(std::string_view text) noexcept;

  /// What became of one of the format's fields, by the index of format::fields(). Until a format
  /// says so it is what field_values::state() answers.
  WAYBILL_API void report(std::size_t index, errc code) noexcept;
  /// Counts list members that were left out.
  void add_dropped_members(std::uint32_t members) noexcept { report_->members_dropped += members; }

 private:
  friend class propagator;
  friend struct detail::context_access;
  extract_draft(const waybill::limits& limits, extract_report& report,
                span_context& span_context) noexcept
      : limits_(limits), report_(&report), span_context_(&span_context) {}

  const waybill::limits& limits_;
  extract_report* report_;
  const std::uint8_t* slots_ = nullptr;  // as of field_values
  span_context* span_context_;  // written where it will stay: a copy right after would wait for it
  std::uint32_t baggage_members_ = 0;
  std::string_view tracestate_;
  std::string_view baggage_;
  detail::text_buffer tracestate_owned_;
  detail::text_buffer baggage_owned_;
};

/// Takes the fields a format writes. Values must be printable ASCII and not empty; others are
/// not written.
class field_writer {
 public:
  /// `index` is that of format::fields(). Replaces every older value of the field.
  WAYBILL_API void set(std::size_t index, std::string_view value) noexcept;
  /// Write a part of the context as W3C does, which is faster than set(). A part that the context
  /// does not have is not written. set_traceparent returns whether the carrier took it.
  /// @{
  WAYBILL_API bool set_traceparent(std::size_t index, const context_view& context) noexcept;
  WAYBILL_API void set_tracestate(std::size_t index, const context_view& context) noexcept;
  WAYBILL_API void set_baggage(std::size_t index, const context_view& context) noexcept;
  /// @}

 private:
  friend class propagator;
  friend struct detail::context_access;
  field_writer(const writer_ref& carrier, const field* fields) noexcept
      : carrier_(&carrier), fields_(fields) {}

  const writer_ref* carrier_;
  const field* fields_;                  // all of the propagator's
  const std::uint8_t* slots_ = nullptr;  // as of field_values
  std::uint32_t written_ = 0;
  bool failed_ = false;
};

/// One header convention: which fields it has, how a context is read from them and written to
/// them. Derive from it to add one; see CONTRIBUTING.md, "Add a format".
/// @par Threads    const members are called from any thread at once.
/// @par Lifetime   longer than every propagator it is in; usually static.
class WAYBILL_API format {
 public:
  format() = default;
  format(const format&) = delete;
  format& operator=(const format&) = delete;
  virtual ~format();

  /// The name in OTEL_PROPAGATORS, lower case.
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  /// Every name the format reads or writes; the same span at every call.
  [[nodiscard]] virtual std::span<const field> fields() const noexcept = 0;
  /// Called when the carrier holds at least one of the format's fields.
  virtual void extract(const field_values& values, extract_draft& draft) const noexcept = 0;
  /// Called with a context that has the concern of the format's fields, and within the limits.
  virtual void inject(const context_view& context, field_writer& writer) const noexcept = 0;
};

/// W3C Trace Context Level 2: "tracecontext", with the fields traceparent and tracestate.
[[nodiscard]] WAYBILL_API const format& tracecontext_format() noexcept;
/// W3C Baggage: "baggage", with the field baggage.
[[nodiscard]] WAYBILL_API const format& baggage_format() noexcept;

}  // namespace waybill::inline v0

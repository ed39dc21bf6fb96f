#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "waybill/carrier.hpp"
#include "waybill/context.hpp"
#include "waybill/format.hpp"
#include "waybill/limits.hpp"
#include "waybill/result.hpp"

namespace waybill::inline v0 {

/// What reading a list of format names left out.
struct names_report {
  std::size_t unknown = 0;         ///< Names that no format has. They are passed over.
  std::string_view first_unknown;  ///< Borrows the list that was read.
};

/// Which parts of a context may be written.
struct inject_parts {
  bool trace = true;       ///< Without it there is no tracestate either.
  bool tracestate = true;  ///< The other systems' span contexts.
  bool baggage = true;     ///< The application's values.
};

/// What became of one injection.
struct inject_report {
  /// ok; carrier_failed (a function of the carrier threw); too_large or too_many_members (a part
  /// was over a limit and was truncated at whole members); no_memory (the tracestate had to be
  /// truncated and was left out); dropped_for_size (by a budget). The first that holds.
  errc code = errc::ok;
  /// What was written.
  /// @{
  bool trace = false;
  bool tracestate = false;
  bool baggage = false;
  /// @}
};

/// Which field of a propagator a name is.
struct field_match {
  std::size_t index;  ///< In propagator::fields(); their number where the name is not a field's.
  bool is_exact;      ///< Spelled as the format spells it.
};

/// An ordered set of formats that cannot be changed. Formats read in order, and a later one that
/// finds something replaces what an earlier one found; all of them write.
/// @par Cost      a value without heap memory.
/// @par Threads   const members may be called from any thread at once.
class WAYBILL_API propagator {
 public:
  /// Formats of one propagator.
  static constexpr std::size_t formats_max = 8;

  /// tracecontext and baggage.
  propagator() noexcept;
  /// These formats, repeated ones once; none is null, and all outlive this. Those beyond
  /// formats_max or fields_max are left out.
  explicit propagator(std::span<const format* const> formats) noexcept;
  /// Names as in OTEL_PROPAGATORS ("tracecontext,baggage"; "none"): a comma list, case ignored,
  /// white space allowed, repeated and unknown names passed over.
  [[nodiscard]] static propagator from_names(std::string_view names,
                                             names_report* report = nullptr) noexcept;
  /// From the environment variable OTEL_PROPAGATORS; unset or empty: tracecontext,baggage.
  [[nodiscard]] static propagator from_environment(names_report* report = nullptr) noexcept;

  /// The formats in their order, each once.
  [[nodiscard]] std::span<const format* const> formats() const& noexcept {
    return {formats_.data(), format_count_};
  }
  std::span<const format* const> formats() const&& = delete;
  /// Every field of every format, each name once. Inject replaces and strip removes all of them
  /// that are not read-only.
  [[nodiscard]] std::span<const field> fields() const& noexcept {
    return {fields_.data(), field_count_};
  }
  std::span<const field> fields() const&& = delete;
  /// The index in fields() of this name in any ASCII-case spelling, if it is one that inject
  /// replaces and strip removes; otherwise fields().size().
  [[nodiscard]] std::size_t field_index(std::string_view name) const noexcept {
    return match_field(name).index;
  }
  /// The same, and whether the name is spelled as the format spells it.
  [[nodiscard]] field_match match_field(std::string_view name) const noexcept {
    return names_.may_be(name) ? find_field(name) : field_match{field_count_, false};
  }
  /// Whether two formats write a field of one name, so that it is set twice.
  [[nodiscard]] bool has_shared_fields() const noexcept { return slot_count_ != field_count_; }
  /// What match_field() asks first.
  [[nodiscard]] field_name_filter field_names() const noexcept { return names_; }

  /// What the carrier holds, with its text copied: the usual way to read.
  /// @par Errors   never throws; a bad field costs that field alone and is named in the report.
  [[nodiscard]] context extract(const reader_ref& carrier, const limits& limits = {},
                                extract_report* report = nullptr) const noexcept {
    return extract(carrier, carrier.rules(), limits, report);
  }
  /// The same with other rules than the carrier's own.
  [[nodiscard]] context extract(const reader_ref& carrier, carrier_rules rules,
                                const limits& limits, extract_report* report) const noexcept;

  /// What the carrier holds, borrowed from it.
  /// @par Errors     needs_copy: extract would give text that differs from the carrier's.
  /// @par Lifetime   as long as the carrier's bytes; does not compile with a temporary carrier.
  template <readable_carrier C>
  [[nodiscard]] result<context_view> peek(const C& carrier, const limits& limits = {},
                                          extract_report* report = nullptr) const noexcept {
    const reader_ref reader(carrier);
    return peek_at(reader, reader.rules(), limits, report);
  }
  template <readable_carrier C>
  requires(!is_borrowed_carrier<C>) result<context_view> peek(const C&&, const limits& = {},
                                                              extract_report* = nullptr)
  const = delete;
  /// What peek calls, for adapters that see to the lifetime themselves.
  [[nodiscard]] result<context_view> peek_at(const reader_ref& carrier, carrier_rules rules,
                                             const limits& limits,
                                             extract_report* report) const noexcept;

  /// Replaces the whole field set by this context. A context with baggage and no trace replaces
  /// the baggage fields alone; an empty context changes nothing.
  /// @par Errors   never throws. `parts` that are false are left out and their fields erased.
  /// @{
  inject_report inject(const context_view& context, const writer_ref& carrier,
                       const limits& limits = {}) const noexcept;
  inject_report inject(const context_view& context, const writer_ref& carrier, const limits& limits,
                       inject_parts parts) const noexcept;
  inject_report inject(const context& context, const writer_ref& carrier,
                       const limits& limits = {}) const noexcept {
    return inject(context_view(context), carrier, limits);
  }
  inject_report inject(const context& context, const writer_ref& carrier, const limits& limits,
                       inject_parts parts) const noexcept {
    return inject(context_view(context), carrier, limits, parts);
  }
  /// @}
  /// Takes every field of every format away, except for those that are read-only.
  /// @par Errors   carrier_failed.
  errc strip(const writer_ref& carrier) const noexcept;

 private:
  void add(const format& added) noexcept;
  [[nodiscard]] field_match find_field(std::string_view name) const noexcept;
  bool collect(detail::collected_fields& collected, extract_report* report) const noexcept;
  void read(detail::collected_fields& collected, extract_draft& draft) const noexcept;
  [[nodiscard]] std::uint32_t fields_of(const context_view& context) const noexcept;
  inject_report write(const context_view& context, std::uint32_t concerned, std::uint32_t replaced,
                      const writer_ref& carrier) const noexcept;
  inject_report write_within_limits(const context_view& context, const writer_ref& carrier,
                                    const limits& limits, inject_parts parts) const noexcept;
  [[nodiscard]] const std::uint8_t* slots_of(std::size_t format_index) const noexcept {
    return slots_.data() + first_slot_[format_index];
  }

  std::array<const format*, formats_max> formats_{};
  std::array<std::uint32_t, formats_max> masks_{};  // each format's fields as bits, by index
  std::array<std::uint8_t, formats_max> first_slot_{};
  std::array<std::uint8_t, fields_max> slots_{};  // each format's fields as indices of fields_
  std::array<field, fields_max> fields_{};
  std::array<errc, fields_max> all_absent_{};  // the states of a carrier without any of the fields
  field_name_filter names_;
  // Bits by index, of the fields that inject writes.
  std::uint32_t span_context_fields_ = 0;
  std::uint32_t tracestate_fields_ = 0;
  std::uint32_t baggage_fields_ = 0;
  std::uint8_t format_count_ = 0;
  std::uint8_t field_count_ = 0;
  std::uint8_t slot_count_ = 0;
};

}  // namespace waybill::inline v0

#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "waybill/boundary.hpp"
#include "waybill/carrier.hpp"
#include "waybill/context.hpp"
#include "waybill/current.hpp"
#include "waybill/diagnostics.hpp"
#include "waybill/limits.hpp"
#include "waybill/propagator.hpp"
#include "waybill/tracer.hpp"

namespace waybill::inline v0 {

/// Everything that decides how context travels: every adapter function and wrapper takes one.
/// Set it up once; an aggregate, so `propagation{.tracer = mine}` leaves the rest as it is.
/// @par Threads   any number of threads may use one that nobody changes.
struct propagation {
  propagator formats{};                       ///< tracecontext and baggage.
  waybill::boundary boundary{};               ///< Adopts and sends everything.
  waybill::limits limits{};                   ///< How much is read and written.
  std::shared_ptr<waybill::tracer> tracer{};  ///< Null: contexts are passed on as they are.
  /// Who counts what was bad; null: nobody.
  std::shared_ptr<waybill::diagnostics> diagnostics = std::make_shared<waybill::diagnostics>();
  /// Who knows the current context; lives longer than this.
  const context_provider* provider = &thread_context_provider();
  /// Which of several values counts; unset: the carrier's own rule.
  std::optional<duplicate_rule> duplicates{};

  /// Formats from OTEL_PROPAGATORS; an unknown name is counted as unknown_format.
  [[nodiscard]] WAYBILL_API static propagation from_environment();

  /// The carrier's rules, with `duplicates` in the place of its own where that is set.
  [[nodiscard]] carrier_rules rules_for(const reader_ref& carrier) const noexcept {
    carrier_rules rules = carrier.rules();
    if (duplicates.has_value()) rules.duplicates = *duplicates;
    return rules;
  }
};

/// What a message carried, and what the boundary makes of it. Owns everything.
class WAYBILL_API extraction {
 public:
  extraction() noexcept = default;

  /// What the message carried as it was sent, whatever the boundary says.
  [[nodiscard]] const waybill::context& as_sent() const noexcept { return as_sent_; }
  /// The remote context to continue; null when none came or the boundary does not adopt it.
  [[nodiscard]] const waybill::context* parent() const noexcept {
    return mode_ == inbound_mode::adopt && context().has_trace() ? &context() : nullptr;
  }
  /// Remote positions to link a new trace to: one in link mode, otherwise none.
  [[nodiscard]] std::span<const trace_context> links() const noexcept {
    return {&as_sent_.trace(), mode_ == inbound_mode::link && as_sent_.has_trace() ? 1U : 0U};
  }
  /// Where the message began, for the links of spans about it: one position, or none when none came
  /// or the boundary forgets it.
  [[nodiscard]] std::span<const trace_context> creation() const noexcept {
    const bool is_known = mode_ == inbound_mode::adopt || mode_ == inbound_mode::link;
    return {&as_sent_.trace(), is_known && as_sent_.has_trace() ? 1U : 0U};
  }
  /// What to work under when no tracer makes a span: the parent, or the new trace that the
  /// boundary asks for, with the baggage that may come in. Empty when nothing came.
  [[nodiscard]] const waybill::context& context() const noexcept {
    return accepted_.has_value() ? *accepted_ : as_sent_;
  }
  /// A context for the next call of a service without a tracer: a new child of context(), or a new
  /// root with its baggage where it has no trace. `sampled` is for the new root.
  [[nodiscard]] waybill::context new_child_or_root(bool sampled) const noexcept {
    return context().has_trace() ? context().new_child()
                                 : context().with_trace(trace_context::new_root(sampled));
  }
  /// Takes for a link what would be adopted: a message whose trace is over, such as one that a
  /// broker retained. The other modes stay; the baggage is kept.
  /// @par Input   `with` and `from` as of extract().
  void link_rather_than_adopt(const propagation& with, const destination& from = {}) noexcept;
  /// What the boundary said of the destination, or link_rather_than_adopt().
  [[nodiscard]] inbound_mode mode() const noexcept { return mode_; }
  /// What became of each field.
  [[nodiscard]] const extract_report& report() const noexcept { return report_; }

 private:
  friend WAYBILL_API extraction extract(const reader_ref& carrier, const propagation& with,
                                        const destination& from) noexcept;
  extraction(const reader_ref& carrier, const propagation& with, const destination& from) noexcept;
  void begin_trace(const boundary_entry& entry) noexcept;

  extract_report report_;
  inbound_mode mode_ = inbound_mode::adopt;
  waybill::context as_sent_;
  std::optional<waybill::context> accepted_;  // where it is not as_sent_ itself
};

/// Reads the context a carrier holds and applies the boundary's inbound side.
/// @par Errors   never throws; what was bad is in extraction::report() and counted.
[[nodiscard]] WAYBILL_API extraction extract(const reader_ref& carrier, const propagation& with,
                                             const destination& from = {}) noexcept;

/// Takes every field that the propagator can read away from the carrier.
/// @par Errors   carrier_failed, counted.
WAYBILL_API errc strip(const writer_ref& carrier, const propagation& with,
                       const destination& from = {}) noexcept;

/// Reads and strips: what a receiver usually wants.
template <class C>
requires readable_carrier<C> && writable_carrier<C>
[[nodiscard]] extraction take(C& carrier, const propagation& with,
                              const destination& from = {}) noexcept {
  extraction taken = extract(reader_ref(carrier), with, from);
  strip(writer_ref(carrier), with, from);
  return taken;
}

namespace detail {
[[nodiscard]] WAYBILL_API result<context_view> peek(const reader_ref& carrier,
                                                    const propagation& with,
                                                    const destination& from) noexcept;
}

/// Reads the context a carrier holds without copying it.
/// @par Errors     needs_copy: the text or the boundary asks for a context of its own: extract().
/// @par Lifetime   as long as the carrier's bytes; does not compile with a temporary carrier.
template <readable_carrier C>
[[nodiscard]] result<context_view> peek(const C& carrier, const propagation& with,
                                        const destination& from = {}) noexcept {
  return detail::peek(reader_ref(carrier), with, from);
}
template <readable_carrier C>
requires(!is_borrowed_carrier<C>) result<context_view> peek(const C&&, const propagation&,
                                                            const destination& = {})
= delete;

/// Room for the fields, where the client library's limit can be seen before sending. When all
/// fields do not fit: baggage goes first, then tracestate, then traceparent, each whole.
struct inject_budget {
  std::size_t bytes_max = SIZE_MAX;  ///< For all names and values together.
  std::size_t bytes_per_field = 0;   ///< What the protocol adds to a name and a value.
};

/// Writes a context to a carrier: applies the boundary's outbound side, then replaces the whole
/// field set. An empty context leaves the carrier as it is, but for what may not go out.
/// @par Errors   never throws; what was left out is in the report and counted.
WAYBILL_API inject_report inject(const context_view& context, const writer_ref& carrier,
                                 const propagation& with, const destination& to = {},
                                 const inject_budget& budget = {}) noexcept;
inline inject_report inject(const context& context, const writer_ref& carrier,
                            const propagation& with, const destination& to = {},
                            const inject_budget& budget = {}) noexcept {
  return inject(context_view(context), carrier, with, to, budget);
}

}  // namespace waybill::inline v0

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "waybill/boundary.hpp"
#include "waybill/carrier.hpp"
#include "waybill/context.hpp"
#include "waybill/current.hpp"
#include "waybill/diagnostics.hpp"
#include "waybill/limits.hpp"
#include "waybill/propagator.hpp"

namespace waybill::inline v0 {

class tracer;

/// What to do about context that a message has in its headers before it is sent.
enum class inject_mode : std::uint8_t {
  automatic,  ///< replace when an explicit or current context is not empty, otherwise keep.
  replace,    ///< The explicit or current context takes the place of the whole field set.
  keep,       ///< What is there stays (outbox, relays, mirrors); without any: replace.
  parent,     ///< What is there is the parent of the send span; without any: replace.
};

/// The settings of propagation, from which a `propagation` is made once:
/// `propagation(propagation_options{.tracer = mine})`.
struct propagation_options {
  waybill::propagator propagator{};           ///< tracecontext and baggage.
  waybill::boundary boundary{};               ///< Adopts and sends everything.
  waybill::limits limits{};                   ///< How much is read and written.
  std::shared_ptr<waybill::tracer> tracer{};  ///< Null: contexts are passed on as they are.
  /// Counts what was invalid or left out; null: nothing is counted.
  std::shared_ptr<waybill::diagnostics> diagnostics = std::make_shared<waybill::diagnostics>();
  /// Knows the current context; outlives every propagation that is made from these options.
  const context_provider* provider = &thread_context_provider();
  /// Which of several values counts; unset: the carrier's own rule.
  std::optional<duplicate_rule> duplicates{};
  /// Whether traces that begin at the boundary have W3C's random flag.
  waybill::random_flag random_flag = waybill::random_flag::off;

  /// Formats from OTEL_PROPAGATORS; an unknown name is counted as unknown_format.
  [[nodiscard]] WAYBILL_API static propagation_options from_environment();
};

/// Everything that decides how context travels: a cheap handle on immutable settings. Every adapter
/// function and wrapper takes one; copies share counters, tables and tracer.
/// @par Cost      a default one allocates nothing and counts nothing; a copy is O(1).
/// @par Threads   a value; any number of threads may use the same one.
class WAYBILL_API propagation {
 public:
  /// The default settings, without counters.
  propagation() noexcept;
  /// These settings.
  explicit propagation(propagation_options options);
  /// The same settings. What was moved from has other valid ones.
  /// @{
  propagation(const propagation&) noexcept = default;
  propagation& operator=(const propagation&) noexcept = default;
  propagation(propagation&& other) noexcept : propagation() { options_.swap(other.options_); }
  propagation& operator=(propagation&& other) noexcept {
    options_.swap(other.options_);
    return *this;
  }
  /// @}
  ~propagation() = default;

  /// The settings it was made from.
  /// @par Lifetime   as long as a copy of this handle.
  /// @{
  [[nodiscard]] const waybill::propagator& propagator() const& noexcept {
    return options_->propagator;
  }
  [[nodiscard]] const waybill::boundary& boundary() const& noexcept { return options_->boundary; }
  [[nodiscard]] const waybill::limits& limits() const& noexcept { return options_->limits; }
  [[nodiscard]] waybill::tracer* tracer() const& noexcept { return options_->tracer.get(); }
  [[nodiscard]] const std::shared_ptr<waybill::diagnostics>& diagnostics() const& noexcept {
    return options_->diagnostics;
  }
  [[nodiscard]] const context_provider& provider() const& noexcept { return *options_->provider; }
  const waybill::propagator& propagator() const&& = delete;
  const waybill::boundary& boundary() const&& = delete;
  const waybill::limits& limits() const&& = delete;
  waybill::tracer* tracer() const&& = delete;
  const std::shared_ptr<waybill::diagnostics>& diagnostics() const&& = delete;
  const context_provider& provider() const&& = delete;
  [[nodiscard]] waybill::random_flag random_flag() const noexcept { return options_->random_flag; }
  /// @}
  /// The carrier's rules, with the option `duplicates` in the place of its own where that is set.
  [[nodiscard]] carrier_rules rules_for(const reader_ref& carrier) const noexcept {
    carrier_rules rules = carrier.rules();
    if (options_->duplicates.has_value()) rules.duplicates = *options_->duplicates;
    return rules;
  }
  /// The context to send when none is given: that of the innermost scope, else the provider's if it
  /// has a trace or baggage, else the one that this thread received last, else an empty one.
  /// @par Lifetime   `storage`, or as of current().
  [[nodiscard]] const context& current(context& storage) const noexcept;

  /// Counts an event, and calls the callback of the diagnostics.
  void record(const diagnostic_event& event) const noexcept {
    if (options_->diagnostics != nullptr) options_->diagnostics->record(event);
  }
  /// The same for a destination, whose entry of the boundary is looked up.
  void record(direction way, errc code, const destination& destination) const noexcept {
    if (options_->diagnostics == nullptr) return;
    record(
        {.way = way, .code = code, .boundary_index = options_->boundary.find_index(destination)});
  }

 private:
  std::shared_ptr<const propagation_options> options_;  // never null
};

/// What a message carried, and what the boundary makes of it. Owns everything.
class WAYBILL_API extraction {
 public:
  extraction() noexcept = default;

  /// The span context as the sender wrote it, whatever the boundary says.
  /// @{
  [[nodiscard]] const span_context& sender() const& noexcept { return sender_; }
  [[nodiscard]] span_context sender() const&& noexcept { return sender_; }
  /// @}
  /// The remote context to continue; null when none came or the boundary does not adopt it.
  [[nodiscard]] const waybill::context* parent() const& noexcept {
    return mode_ == inbound_mode::adopt && context_.has_trace() ? &context_ : nullptr;
  }
  const waybill::context* parent() const&& = delete;
  /// Remote span contexts to link a new trace to: one in link mode, otherwise none.
  [[nodiscard]] std::span<const span_context> links() const& noexcept {
    return {&sender_, mode_ == inbound_mode::link && sender_.is_valid() ? 1U : 0U};
  }
  std::span<const span_context> links() const&& = delete;
  /// Where the message began, for the links of spans about it: one span context, or none when none
  /// came or the boundary forgets it.
  [[nodiscard]] std::span<const span_context> creation() const& noexcept {
    const bool is_known = mode_ == inbound_mode::adopt || mode_ == inbound_mode::link;
    return {&sender_, is_known && sender_.is_valid() ? 1U : 0U};
  }
  std::span<const span_context> creation() const&& = delete;
  /// The context to work under when no tracer makes a span: the parent, or the new trace that the
  /// boundary asks for, with the baggage that may come in. Empty when nothing came.
  /// @{
  [[nodiscard]] const waybill::context& context() const& noexcept { return context_; }
  [[nodiscard]] waybill::context context() && noexcept { return std::move(context_); }
  [[nodiscard]] waybill::context context() const&& noexcept { return context_; }
  /// @}
  /// A context for the next call of a service without a tracer: a new child of context(), or a new
  /// root with its baggage where it has no trace. `sampled` and `random` are for the new root.
  [[nodiscard]] waybill::context new_child_or_root(
      bool sampled, random_flag random = random_flag::off) const noexcept {
    return context_.has_trace()
               ? context_.new_child()
               : context_.with_span_context(span_context::new_root(sampled, random));
  }
  /// Turns what would be adopted into a link: for a message whose trace is over, such as one that a
  /// broker retained. The other modes stay; the baggage is kept.
  /// @par Input   `settings` as of extract().
  void link_rather_than_adopt(const propagation& settings) noexcept;
  /// The mode of the destination's entry of the boundary, or link after link_rather_than_adopt().
  [[nodiscard]] inbound_mode mode() const noexcept { return mode_; }
  /// The index of that entry.
  [[nodiscard]] std::size_t boundary_index() const noexcept { return boundary_index_; }
  /// What became of each field.
  /// @{
  [[nodiscard]] const extract_report& report() const& noexcept { return report_; }
  [[nodiscard]] extract_report report() const&& noexcept { return report_; }
  /// @}

 private:
  friend WAYBILL_API extraction extract(const reader_ref& carrier, const propagation& settings,
                                        const destination& destination) noexcept;
  extraction(const reader_ref& carrier, const propagation& settings,
             const destination& destination) noexcept;
  void begin_trace(const propagation& settings, const boundary_entry& entry) noexcept;

  extract_report report_;
  inbound_mode mode_ = inbound_mode::adopt;
  std::uint32_t boundary_index_ = 0;
  span_context sender_;
  waybill::context context_;
};

/// Reads the context a carrier holds and applies the boundary's inbound side.
/// @par Errors   never throws; what was invalid is in extraction::report() and counted.
[[nodiscard]] WAYBILL_API extraction extract(const reader_ref& carrier, const propagation& settings,
                                             const destination& destination) noexcept;

/// Removes every field that the propagator can read from the carrier.
/// @par Errors   carrier_failed, counted.
WAYBILL_API errc strip(const writer_ref& carrier, const propagation& settings,
                       const destination& destination) noexcept;

/// Reads and strips: what a receiver usually wants.
template <class C>
requires readable_carrier<C> && writable_carrier<C>
[[nodiscard]] extraction take(C& carrier, const propagation& settings,
                              const destination& destination) noexcept {
  extraction taken = extract(reader_ref(carrier), settings, destination);
  strip(writer_ref(carrier), settings, destination);
  return taken;
}

namespace detail {
[[nodiscard]] WAYBILL_API result<context_view> peek(const reader_ref& carrier,
                                                    const propagation& settings,
                                                    const destination& destination) noexcept;
}

/// Reads the context a carrier holds without copying it.
/// @par Errors     needs_copy: the text or the boundary asks for a context of its own: extract().
/// @par Lifetime   as long as the carrier's bytes; does not compile with a temporary carrier.
template <readable_carrier C>
[[nodiscard]] result<context_view> peek(const C& carrier, const propagation& settings,
                                        const destination& destination) noexcept {
  return detail::peek(reader_ref(carrier), settings, destination);
}
template <readable_carrier C>
requires(!is_borrowed_carrier<C>) result<context_view> peek(const C&&, const propagation&,
                                                            const destination&)
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
                                 const propagation& settings, const destination& destination,
                                 const inject_budget& budget = {}) noexcept;
inline inject_report inject(const context& context, const writer_ref& carrier,
                            const propagation& settings, const destination& destination,
                            const inject_budget& budget = {}) noexcept {
  return inject(context_view(context), carrier, settings, destination, budget);
}

}  // namespace waybill::inline v0

#include <array>

#include "context_access.hpp"
#include "lists.hpp"
#include "never_destroyed.hpp"
#include "waybill/format.hpp"

namespace waybill::inline v0 {

namespace {

/// W3C Trace Context Level 2. The tracestate is read only beside a usable traceparent, and a bad
/// one never costs the traceparent.
class tracecontext final : public format {
 public:
  constexpr tracecontext() = default;

  [[nodiscard]] std::string_view name() const noexcept override { return "tracecontext"; }

  [[nodiscard]] std::span<const field> fields() const noexcept override { return all_fields; }

  void extract(const field_values& values, extract_draft& draft) const noexcept override {
    bool usable = false;
    if (values.state(traceparent) == errc::ok) {
      const errc code = detail::context_access::read_trace(
          draft, detail::context_access::text(values, traceparent));
      usable = code == errc::ok;
      if (!usable) draft.report(traceparent, code);
    }
    if (values.state(tracestate) != errc::ok) return;
    if (usable) {
      extract_tracestate(values, draft);
    } else if (carries_anything(values)) {
      draft.report(tracestate, errc::no_traceparent);
    }
  }

  void inject(const context_view& context, field_writer& writer) const noexcept override {
    const std::array<char, traceparent_bytes> text = to_traceparent(context.trace());
    const bool is_set =
        detail::context_access::put(writer, traceparent, {text.data(), text.size()});
    if (is_set && !context.tracestate_text().empty()) {
      detail::context_access::put(writer, tracestate, context.tracestate_text());
    }
  }

 private:
  enum : std::size_t { traceparent = 0, tracestate = 1 };
  static constexpr std::array<field, 2> all_fields{{
      {"traceparent", field_kind::single, field_concern::trace},
      {"tracestate", field_kind::list, field_concern::trace},
  }};

  /// An empty list field is no value, and no error wherever it stands.
  static bool carries_anything(const field_values& values) noexcept {
    bool found = false;
    values.for_each(
        tracestate,
        [](void* state, std::string_view value) noexcept {
          *static_cast<bool*>(state) |= !value.empty();
        },
        &found);
    return found;
  }

  static void extract_tracestate(const field_values& values, extract_draft& draft) noexcept {
    const std::size_t bytes_max = draft.limits().tracestate_bytes_max;
    const std::string_view text = detail::context_access::text(values, tracestate);
    if (detail::context_access::count(values, tracestate) == 1 && text.size() <= bytes_max &&
        text.size() <= draft.limits().field_scan_bytes_max &&
        detail::is_canonical_tracestate(text)) {
      detail::context_access::borrow_tracestate(draft, text);
      return;
    }
    detail::tracestate_cleaner cleaner(draft.limits());
    const bool is_whole = values.for_each(
        tracestate,
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
        draft.add_dropped_members(*dropped);
        detail::context_access::own_tracestate(draft, fitting);
      }
    } else if (code == errc::ok) {
      detail::context_access::own_tracestate(draft, cleaner.text());
    }
    draft.report(tracestate, code);
  }
};

}  // namespace

const format& tracecontext_format() noexcept {
  static constinit detail::never_destroyed<tracecontext> instance;
  return instance.value;
}

}  // namespace waybill::inline v0

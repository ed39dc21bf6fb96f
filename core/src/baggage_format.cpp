#include <array>

#include "context_access.hpp"
#include "lists.hpp"
#include "never_destroyed.hpp"
#include "waybill/format.hpp"

namespace waybill::inline v0 {

namespace {

/// W3C Baggage. Read, kept and sent without a trace too.
class baggage_fields final : public format {
 public:
  constexpr baggage_fields() = default;

  [[nodiscard]] std::string_view name() const noexcept override { return "baggage"; }

  [[nodiscard]] std::span<const field> fields() const noexcept override { return all_fields; }

  void extract(const field_values& values, extract_draft& draft) const noexcept override {
    if (values.state(baggage) != errc::ok) return;
    if (detail::context_access::count(values, baggage) == 1) {
      const std::string_view text = detail::context_access::text(values, baggage);
      const auto members = detail::canonical_baggage_members(text, draft.limits());
      if (members.has_value()) {
        detail::context_access::borrow_baggage(draft, text, *members);
        return;
      }
    }
    detail::baggage_cleaner cleaner(draft.limits());
    const bool is_whole = values.for_each(
        baggage,
        [](void* state, std::string_view value) noexcept {
          static_cast<detail::baggage_cleaner*>(state)->add(value);
        },
        &cleaner);
    if (!is_whole) {
      draft.report(baggage, errc::carrier_failed);
      return;
    }
    draft.report(baggage, cleaner.status());
    draft.add_dropped_members(cleaner.dropped());
    if (cleaner.members() > 0) {
      detail::context_access::own_baggage(draft, cleaner.text(), cleaner.members());
    }
  }

  void inject(const context_view& context, field_writer& writer) const noexcept override {
    if (context.has_baggage()) detail::context_access::put(writer, baggage, context.baggage_text());
  }

 private:
  enum : std::size_t { baggage = 0 };
  static constexpr std::array<field, 1> all_fields{
      {{"baggage", field_kind::list, field_concern::baggage}}};
};

}  // namespace

const format& baggage_format() noexcept {
  static constinit detail::never_destroyed<baggage_fields> instance;
  return instance.value;
}

}  // namespace waybill::inline v0

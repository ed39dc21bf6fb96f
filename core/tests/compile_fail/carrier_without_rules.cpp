// A carrier that does not say its rules is no carrier: Kafka headers that are read by HTTP's rules
// would lose every message that was sent again.
#include <optional>
#include <string_view>
#include <waybill/propagation.hpp>

namespace {

struct headers {
#if !defined(WAYBILL_MUST_FAIL)
  static constexpr waybill::carrier_rules rules = waybill::broker_rules;
#endif
  [[nodiscard]] std::optional<std::string_view> get(std::string_view /*name*/) const {
    return std::nullopt;
  }
};

}  // namespace

waybill::extraction read() {
  const headers list;
  return waybill::extract(list, waybill::propagation(), waybill::any_destination);
}

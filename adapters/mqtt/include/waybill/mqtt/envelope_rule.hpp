#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "waybill/envelope.hpp"
#include "waybill/mqtt/topic_filter.hpp"

namespace waybill::inline v0::mqtt {

/// Context travels within the payload on the topics of this filter: what both ends agreed on. That
/// holds whatever MQTT version either of them speaks; nothing is then added to user properties.
struct envelope_rule {
  std::string filter{};                       ///< A topic filter; see topic_matches().
  envelope_form form = envelope_form::frame;  ///< See docs/envelope.md.
};

/// The form of the first rule whose filter matches; none without one.
[[nodiscard]] inline envelope_form envelope_form_of(const std::vector<envelope_rule>& rules,
                                                    std::string_view topic) noexcept {
  for (const envelope_rule& each : rules) {
    if (topic_matches(each.filter, topic)) return each.form;
  }
  return envelope_form::none;
}

}  // namespace waybill::inline v0::mqtt

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace waybill::inline v0::mqtt {

/// Whether a topic is one that a subscription to this filter receives: `+` stands for one level,
/// `#` at the end for the level before it and all below. A topic that begins with `$` is matched by
/// no filter that begins with a wildcard. Of a shared subscription (`$share/NAME/FILTER`) the
/// filter counts. A filter that MQTT does not allow matches nothing.
/// @par Cost     linear in the shorter one; no allocation.
/// @par Spec     MQTT 5, 4.7 and 4.8.2; MQTT 3.1.1, 4.7.
[[nodiscard]] constexpr bool topic_matches(std::string_view filter,
                                           std::string_view topic) noexcept {
  constexpr std::string_view shared = "$share/";
  if (filter.substr(0, shared.size()) == shared) {
    const std::size_t name_end = filter.find('/', shared.size());
    if (name_end == std::string_view::npos || name_end == shared.size()) return false;
    filter.remove_prefix(name_end + 1);
  }
  if (filter.empty() || topic.empty()) return false;
  if (topic.front() == '$' && filter.front() != '$') {
    if (filter.front() == '+' || filter.front() == '#') return false;
  }
  for (;;) {
    const std::size_t filter_end = filter.find('/');
    const std::string_view wanted = filter.substr(0, filter_end);
    const bool is_last_wanted = filter_end == std::string_view::npos;
    if (wanted == "#") return is_last_wanted;

    const std::size_t topic_end = topic.find('/');
    const std::string_view level = topic.substr(0, topic_end);
    if (wanted != "+" && wanted != level) return false;
    // A wildcard stands alone in its level; a topic has none, so that this one matches nothing.
    if (wanted.size() > 1 && wanted.find_first_of("+#") != std::string_view::npos) return false;

    const bool is_last_level = topic_end == std::string_view::npos;
    if (is_last_wanted) return is_last_level;
    filter.remove_prefix(filter_end + 1);
    if (is_last_level) return filter == "#";
    topic.remove_prefix(topic_end + 1);
  }
}

namespace detail {
/// The first filter that matches; empty when none does.
inline std::string_view template_of(const std::vector<std::string>& filters,
                                    std::string_view topic) noexcept {
  for (const std::string& each : filters) {
    if (topic_matches(each, topic)) return each;
  }
  return {};
}
}  // namespace detail

}  // namespace waybill::inline v0::mqtt

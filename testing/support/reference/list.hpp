#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>
#include <waybill/errc.hpp>

#include "text.hpp"

namespace waybill_test::reference {

/// What reading a list field gives.
struct list {
  std::string text{};
  std::uint32_t members = 0;
  std::uint32_t dropped = 0;
  waybill::errc status = waybill::errc::ok;
  /// Where more than one rule is broken and none comes first: all that may be reported.
  std::set<waybill::errc> reasons{};

  [[nodiscard]] bool may_report(waybill::errc code) const {
    return code == status || reasons.contains(code);
  }
};

inline list refused(waybill::errc status) { return {"", 0, 0, status, {}}; }

/// Key and what stands behind its "=", once for each key: at its first place, as it was last.
inline std::vector<std::pair<std::string, std::string>> listed(const std::string& text) {
  std::vector<std::pair<std::string, std::string>> members;
  if (text.empty()) return members;
  std::map<std::string, std::size_t> places;
  for (const std::string& member : split(text, ',')) {
    const std::size_t equals = member.find('=');
    const std::string key = member.substr(0, equals);
    const auto [place, is_new] = places.emplace(key, members.size());
    if (is_new) members.emplace_back(key, "");
    members[place->second].second = member.substr(equals + 1);
  }
  return members;
}

/// The members of a written list that are not of this key.
inline std::vector<std::string> others(const std::string& text, const std::string& key) {
  std::vector<std::string> rest;
  if (text.empty()) return rest;
  for (const std::string& member : split(text, ',')) {
    if (member.substr(0, member.find('=')) != key) rest.push_back(member);
  }
  return rest;
}

}  // namespace waybill_test::reference

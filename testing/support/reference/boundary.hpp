#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace waybill_test::reference {

/// The entries of a boundary in the order in which they were set, looked through one by one.
class boundary {
 public:
  void set(const std::string& name, const std::string& routing_key, const std::string& label) {
    put({kind::exact, name, routing_key, label});
  }
  void set_prefix(const std::string& prefix, const std::string& label) {
    put({kind::prefix, prefix, "", label});
  }
  void set_filter(std::string filter, const std::string& label) {
    if (filter.rfind("$share/", 0) == 0) {
      const std::size_t end = filter.find('/', 7);
      filter = end == std::string::npos || end == 7 ? "" : filter.substr(end + 1);
    }
    if (is_allowed(filter)) {
      put({kind::filter, filter, "", label});
    } else {
      entries_.push_back({kind::nothing, filter, "", label});
    }
  }
  /// The label of the most exact entry: name and routing key, the name, the most exact filter, the
  /// longest prefix.
  [[nodiscard]] std::string find(const std::string& name, const std::string& routing_key) const {
    for (const entry& each : entries_) {
      if (each.what == kind::exact && each.name == name && each.routing_key == routing_key) {
        return each.label;
      }
    }
    for (const entry& each : entries_) {
      if (each.what == kind::exact && each.name == name && each.routing_key.empty()) {
        return each.label;
      }
    }
    const entry* best = nullptr;
    for (const entry& each : entries_) {
      if (each.what != kind::filter || !matches(each.name, name)) continue;
      if (best == nullptr || is_more_exact(each.name, best->name)) best = &each;
    }
    if (best != nullptr) return best->label;
    std::string label = "default";
    std::size_t longest = 0;
    for (const entry& each : entries_) {
      const bool begins = name.substr(0, each.name.size()) == each.name;
      if (each.what != kind::prefix || !begins || each.name.size() < longest) continue;
      longest = each.name.size();
      label = each.label;
    }
    return label;
  }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  enum class kind { exact, prefix, filter, nothing };
  struct entry {
    kind what;
    std::string name;
    std::string routing_key;
    std::string label;
  };
  static std::vector<std::string> levels_of(const std::string& text) {
    std::vector<std::string> levels(1);
    for (const char c : text) {
      if (c == '/') {
        levels.emplace_back();
      } else {
        levels.back() += c;
      }
    }
    return levels;
  }
  static bool is_allowed(const std::string& filter) {
    if (filter.empty()) return false;
    const std::vector<std::string> levels = levels_of(filter);
    for (std::size_t i = 0; i < levels.size(); ++i) {
      if (levels[i] == "+" || (levels[i] == "#" && i + 1 == levels.size())) continue;
      if (levels[i].find_first_of("+#") != std::string::npos) return false;
    }
    return true;
  }
  /// MQTT 5, 4.7, rule by rule.
  static bool matches(const std::string& filter, const std::string& topic) {
    if (topic.empty()) return false;
    if (topic[0] == '$' && (filter[0] == '+' || filter[0] == '#')) return false;
    const std::vector<std::string> wanted = levels_of(filter);
    const std::vector<std::string> levels = levels_of(topic);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i] == "#") return i <= levels.size();
      if (i >= levels.size()) return false;
      if (wanted[i] != "+" && wanted[i] != levels[i]) return false;
    }
    return wanted.size() == levels.size();
  }
  /// The one with the more exact level further left; an end is more exact than "#".
  static bool is_more_exact(const std::string& a, const std::string& b) {
    const auto rank = [](const std::vector<std::string>& levels, std::size_t i) {
      if (i >= levels.size()) return 2;
      if (levels[i] == "#") return 3;
      return levels[i] == "+" ? 1 : 0;
    };
    const std::vector<std::string> left = levels_of(a);
    const std::vector<std::string> right = levels_of(b);
    for (std::size_t i = 0; i < left.size() || i < right.size(); ++i) {
      if (rank(left, i) != rank(right, i)) return rank(left, i) < rank(right, i);
    }
    return false;
  }
  void put(const entry& added) {
    for (entry& each : entries_) {
      if (each.what == added.what && each.name == added.name &&
          each.routing_key == added.routing_key) {
        each.label = added.label;
        return;
      }
    }
    entries_.push_back(added);
  }

  std::vector<entry> entries_;
};

}  // namespace waybill_test::reference

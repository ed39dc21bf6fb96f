#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace waybill_test::reference {

/// The entries of a boundary in the order in which they were set, looked through one by one.
class boundary {
 public:
  void set(const std::string& name, const std::string& routing_key, const std::string& label) {
    put({false, name, routing_key, label});
  }
  void set_prefix(const std::string& prefix, const std::string& label) {
    put({true, prefix, "", label});
  }
  /// The label of the most exact entry: name and routing key, the name, the longest prefix.
  [[nodiscard]] std::string find(const std::string& name, const std::string& routing_key) const {
    for (const entry& each : entries_) {
      if (!each.is_prefix && each.name == name && each.routing_key == routing_key) {
        return each.label;
      }
    }
    for (const entry& each : entries_) {
      if (!each.is_prefix && each.name == name && each.routing_key.empty()) return each.label;
    }
    std::string label = "default";
    std::size_t longest = 0;
    for (const entry& each : entries_) {
      const bool begins = name.substr(0, each.name.size()) == each.name;
      if (!each.is_prefix || !begins || each.name.size() < longest) continue;
      longest = each.name.size();
      label = each.label;
    }
    return label;
  }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct entry {
    bool is_prefix;
    std::string name;
    std::string routing_key;
    std::string label;
  };
  void put(const entry& added) {
    for (entry& each : entries_) {
      if (each.is_prefix == added.is_prefix && each.name == added.name &&
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

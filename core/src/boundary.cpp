#include "waybill/boundary.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>

namespace waybill::inline v0 {

namespace {

/// A name and, for an exchange, a routing key; owned in the table, borrowed for a look-up.
struct stored_key {
  std::string name;
  std::string routing_key;
};

destination as_destination(const stored_key& key) noexcept { return {key.name, key.routing_key}; }
destination as_destination(const destination& key) noexcept { return key; }

struct key_hash {
  using is_transparent = void;
  template <class K>
  std::size_t operator()(const K& key) const noexcept {
    const destination d = as_destination(key);
    const std::hash<std::string_view> hash;
    return hash(d.name) * 31 + hash(d.routing_key);
  }
};

struct key_equal {
  using is_transparent = void;
  template <class A, class B>
  bool operator()(const A& a, const B& b) const noexcept {
    const destination x = as_destination(a);
    const destination y = as_destination(b);
    return x.name == y.name && x.routing_key == y.routing_key;
  }
};

using index_table = std::unordered_map<stored_key, std::size_t, key_hash, key_equal>;

/// Cuts the first level off a topic or filter; nothing is left after the last.
std::string_view next_level(std::optional<std::string_view>& levels) noexcept {
  const std::size_t end = levels->find('/');
  const std::string_view level = levels->substr(0, end);
  if (end == std::string_view::npos) {
    levels.reset();
  } else {
    levels->remove_prefix(end + 1);
  }
  return level;
}

/// A filter without what makes it a shared subscription; empty when MQTT does not allow it.
std::string_view plain_filter(std::string_view filter) noexcept {
  constexpr std::string_view shared = "$share/";
  if (filter.substr(0, shared.size()) == shared) {
    const std::size_t name_end = filter.find('/', shared.size());
    if (name_end == std::string_view::npos || name_end == shared.size()) return {};
    filter.remove_prefix(name_end + 1);
  }
  if (filter.empty()) return {};
  std::optional<std::string_view> left = filter;
  while (left.has_value()) {
    const std::string_view level = next_level(left);
    const bool has_wildcard = level.find_first_of("+#") != std::string_view::npos;
    if (has_wildcard && (level.size() > 1 || (level == "#" && left.has_value()))) return {};
  }
  return filter;
}

/// MQTT filters as a tree of their levels. Index 0 stands for no entry and for no node.
class filter_tree {
 public:
  /// Where the entry of this filter is kept; `filter` is a plain one.
  std::size_t& entry_of(std::string_view filter) {
    std::uint32_t at = 0;
    std::optional<std::string_view> left = filter;
    while (left.has_value()) {
      const std::string level(next_level(left));
      if (level == "#") return nodes_[at].below;
      std::uint32_t next = level == "+" ? nodes_[at].any : child_of(at, level);
      if (next == 0) {
        next = static_cast<std::uint32_t>(nodes_.size());
        nodes_.emplace_back();
        if (level == "+") {
          nodes_[at].any = next;
        } else {
          nodes_[at].levels.emplace(level, next);
        }
      }
      at = next;
    }
    return nodes_[at].here;
  }
  /// The entry of the most exact filter that matches, or 0.
  [[nodiscard]] std::size_t find(std::string_view topic) const noexcept {
    if (nodes_.size() == 1 && nodes_[0].below == 0) return 0;
    return topic.empty() ? 0 : find_from(0, topic, topic.front() != '$');
  }

 private:
  struct level_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>()(text);
    }
  };
  struct node {
    std::unordered_map<std::string, std::uint32_t, level_hash, std::equal_to<>> levels;
    std::uint32_t any = 0;  // the node of "+"
    std::size_t here = 0;   // the entry of a filter that ends here
    std::size_t below = 0;  // and of one that ends with "#"
  };

  [[nodiscard]] std::uint32_t child_of(std::uint32_t at, std::string_view level) const noexcept {
    const auto found = nodes_[at].levels.find(level);
    return found == nodes_[at].levels.end() ? 0 : found->second;
  }
  /// A wildcard at the first level does not match a topic that begins with "$".
  // NOLINTNEXTLINE(misc-no-recursion): no deeper than the application's own filters have levels
  [[nodiscard]] std::size_t find_from(std::uint32_t at, std::optional<std::string_view> topic,
                                      bool takes_wildcards) const noexcept {
    const node& here = nodes_[at];
    if (!topic.has_value()) return here.here != 0 ? here.here : here.below;
    const std::string_view level = next_level(topic);
    if (const std::uint32_t exact = child_of(at, level)) {
      if (const std::size_t found = find_from(exact, topic, true)) return found;
    }
    if (!takes_wildcards) return 0;
    if (here.any != 0) {
      if (const std::size_t found = find_from(here.any, topic, true)) return found;
    }
    return here.below;
  }

  std::vector<node> nodes_{1};
};

}  // namespace

bool baggage_policy::passes(std::string_view key) const noexcept {
  const auto is_listed = [&] { return std::find(keys.begin(), keys.end(), key) != keys.end(); };
  switch (keys_rule) {
    case rule::all:
      return true;
    case rule::only:
      return is_listed();
    case rule::except:
      return !is_listed();
    case rule::none:
      break;
  }
  return false;
}

struct boundary::tables {
  index_table exact;
  index_table prefixes;
  std::vector<std::size_t> prefix_lengths;  // different ones, the longest first
  filter_tree filters;
};

boundary::boundary() noexcept { default_.label = "default"; }  // short: no allocation

boundary::boundary(boundary_entry default_entry) : default_(std::move(default_entry)) {
  if (default_.label.empty()) default_.label = "default";
}

boundary::boundary(const boundary& other)
    : default_(other.default_),
      entries_(other.entries_),
      tables_(other.tables_ == nullptr ? nullptr : std::make_unique<tables>(*other.tables_)) {}

boundary::boundary(boundary&& other) noexcept
    : default_(std::exchange(other.default_, boundary_entry{})),
      entries_(std::move(other.entries_)),
      tables_(std::move(other.tables_)) {
  other.entries_.clear();
}

boundary& boundary::operator=(const boundary& other) {
  boundary copy(other);
  *this = std::move(copy);
  return *this;
}

boundary& boundary::operator=(boundary&& other) noexcept {
  boundary moved(std::move(other));
  std::swap(default_, moved.default_);
  entries_.swap(moved.entries_);
  tables_.swap(moved.tables_);
  return *this;
}

boundary::~boundary() = default;

std::size_t boundary::put(boundary_entry entry) {
  if (tables_ == nullptr) tables_ = std::make_unique<tables>();
  entries_.push_back(std::move(entry));
  return entries_.size();
}

boundary& boundary::set(const destination& exact, boundary_entry entry) {
  if (entry.label.empty()) {
    entry.label = exact.name;
    if (!exact.routing_key.empty()) entry.label.append(1, ':').append(exact.routing_key);
  }
  if (tables_ != nullptr) {
    const auto known = tables_->exact.find(exact);
    if (known != tables_->exact.end()) {
      entries_[known->second - 1] = std::move(entry);
      return *this;
    }
  }
  const std::size_t index = put(std::move(entry));
  tables_->exact.emplace(stored_key{std::string(exact.name), std::string(exact.routing_key)},
                         index);
  return *this;
}

boundary& boundary::set_prefix(std::string_view prefix, boundary_entry entry) {
  if (entry.label.empty()) entry.label.append(prefix).append(1, '*');
  if (tables_ != nullptr) {
    const auto known = tables_->prefixes.find(destination(prefix));
    if (known != tables_->prefixes.end()) {
      entries_[known->second - 1] = std::move(entry);
      return *this;
    }
  }
  const std::size_t index = put(std::move(entry));
  tables_->prefixes.emplace(stored_key{std::string(prefix), {}}, index);
  std::vector<std::size_t>& lengths = tables_->prefix_lengths;
  if (std::find(lengths.begin(), lengths.end(), prefix.size()) == lengths.end()) {
    lengths.push_back(prefix.size());
    std::sort(lengths.begin(), lengths.end(), std::greater<>());
  }
  return *this;
}

boundary& boundary::set_filter(std::string_view filter, boundary_entry entry) {
  if (entry.label.empty()) entry.label = filter;
  const std::string_view plain = plain_filter(filter);
  if (plain.empty()) {
    static_cast<void>(put(std::move(entry)));
    return *this;
  }
  if (tables_ == nullptr) tables_ = std::make_unique<tables>();
  std::size_t& known = tables_->filters.entry_of(plain);
  if (known != 0) {
    entries_[known - 1] = std::move(entry);
  } else {
    known = put(std::move(entry));
  }
  return *this;
}

const boundary_entry& boundary::entry(std::size_t index) const& noexcept {
  return index - 1 < entries_.size() ? entries_[index - 1] : default_;
}

std::size_t boundary::size() const noexcept { return 1 + entries_.size(); }

std::size_t boundary::look_up(const destination& where) const noexcept {
  if (!where.routing_key.empty()) {
    const auto found = tables_->exact.find(where);
    if (found != tables_->exact.end()) return found->second;
  }
  const auto found = tables_->exact.find(destination(where.name));
  if (found != tables_->exact.end()) return found->second;
  if (const std::size_t filtered = tables_->filters.find(where.name)) return filtered;
  for (const std::size_t length : tables_->prefix_lengths) {
    if (length > where.name.size()) continue;
    const auto begins = tables_->prefixes.find(destination(where.name.substr(0, length)));
    if (begins != tables_->prefixes.end()) return begins->second;
  }
  return 0;
}

}  // namespace waybill::inline v0

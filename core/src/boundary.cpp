#include "waybill/boundary.hpp"

#include <algorithm>
#include <functional>
#include <unordered_map>
#include <utility>

#include "never_destroyed.hpp"

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
};

boundary::boundary() : boundary(boundary_entry{.label = "default"}) {}

boundary::boundary(boundary_entry default_entry) {
  if (default_entry.label.empty()) default_entry.label = "default";
  entries_.push_back(std::move(default_entry));
}

boundary::boundary(const boundary& other)
    : entries_(other.entries_),
      tables_(other.tables_ == nullptr ? nullptr : std::make_unique<tables>(*other.tables_)) {}

boundary::boundary(boundary&& other) noexcept = default;

boundary& boundary::operator=(const boundary& other) {
  boundary copy(other);
  *this = std::move(copy);
  return *this;
}

boundary& boundary::operator=(boundary&& other) noexcept = default;

boundary::~boundary() = default;

std::size_t boundary::put(boundary_entry entry) {
  if (tables_ == nullptr) tables_ = std::make_unique<tables>();
  entries_.push_back(std::move(entry));
  return entries_.size() - 1;
}

boundary& boundary::set(const destination& exact, boundary_entry entry) {
  if (entry.label.empty()) {
    entry.label = exact.name;
    if (!exact.routing_key.empty()) entry.label.append(1, ':').append(exact.routing_key);
  }
  if (tables_ != nullptr) {
    const auto known = tables_->exact.find(exact);
    if (known != tables_->exact.end()) {
      entries_[known->second] = std::move(entry);
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
      entries_[known->second] = std::move(entry);
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

const boundary_entry& boundary::entry(std::size_t index) const noexcept {
  static const detail::never_destroyed<boundary_entry> of_moved_from;
  if (entries_.empty()) return of_moved_from.value;
  return entries_[index < entries_.size() ? index : 0];
}

std::size_t boundary::size() const noexcept { return entries_.size(); }

std::size_t boundary::look_up(const destination& where) const noexcept {
  if (!where.routing_key.empty()) {
    const auto found = tables_->exact.find(where);
    if (found != tables_->exact.end()) return found->second;
  }
  const auto found = tables_->exact.find(destination(where.name));
  if (found != tables_->exact.end()) return found->second;
  for (const std::size_t length : tables_->prefix_lengths) {
    if (length > where.name.size()) continue;
    const auto begins = tables_->prefixes.find(destination(where.name.substr(0, length)));
    if (begins != tables_->prefixes.end()) return begins->second;
  }
  return 0;
}

}  // namespace waybill::inline v0

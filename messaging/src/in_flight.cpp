#include "waybill/messaging/in_flight.hpp"

#include <atomic>
#include <mutex>
#include <vector>

namespace waybill::inline v0::messaging {

namespace {

constexpr std::uint32_t none = UINT32_MAX;
constexpr std::uint64_t never = UINT64_MAX;

/// Identities are addresses or numbers in a row, which are alike in most bits: each bit of a key
/// changes the upper half of its hash.
std::uint64_t hash_of(std::uint64_t key) noexcept {
  key = (key ^ (key >> 32)) * 0x9e3779b97f4a7c15U;
  return (key ^ (key >> 32)) * 0xbf58476d1ce4e5b9U;
}

}  // namespace

/// Entries in a pool, linked by age; a table of their indices with open addressing. Linear probing,
/// at most half full.
struct alignas(64) in_flight_table::shard {
  struct entry {
    std::uint64_t age;    // the number of its add(), over all shards
    std::uint32_t older;  // of a free entry: the next free one
    std::uint32_t newer;
    in_flight_message message;  // with its key
  };

  std::mutex mutex;
  std::vector<entry> entries;
  std::vector<std::uint32_t> table;  // a power of two, or empty
  std::uint32_t oldest = none;
  std::uint32_t newest = none;
  std::uint32_t first_free = none;
  std::size_t used = 0;
  std::uint64_t steps = 0;
  std::atomic<std::uint64_t> oldest_age{never};  // read without the lock, too

  [[nodiscard]] std::size_t home_of(std::uint64_t key) const noexcept {
    return (hash_of(key) >> 28) & (table.size() - 1);
  }

  /// The place in the table of this key, or of the free place where it would be. The table is not
  /// empty.
  [[nodiscard]] std::size_t find(std::uint64_t key) noexcept {
    std::size_t at = home_of(key);
    while (table[at] != none && entries[table[at]].message.key != key) {
      at = (at + 1) & (table.size() - 1);
      ++steps;
    }
    ++steps;
    return at;
  }

  /// False when memory ran out; nothing is changed then.
  [[nodiscard]] bool make_room() noexcept {
    WAYBILL_TRY {
      if (first_free == none && entries.size() == entries.capacity()) {
        entries.reserve(entries.empty() ? 32 : 2 * entries.size());
      }
      if (2 * (used + 1) <= table.size()) return true;
      std::vector<std::uint32_t> larger(table.empty() ? 64 : 2 * table.size(), none);
      table.swap(larger);
      for (std::uint32_t each = oldest; each != none; each = entries[each].newer) {
        table[find(entries[each].message.key)] = each;
      }
      return true;
    }
    WAYBILL_CATCH_ALL { return false; }
  }

  /// There is room, and the key is not known.
  void insert(std::uint64_t key, std::uint64_t age, const in_flight_message& message) noexcept {
    std::uint32_t index = first_free;
    if (index != none) {
      first_free = entries[index].older;
    } else {
      index = static_cast<std::uint32_t>(entries.size());
      entries.emplace_back();
    }
    entries[index] = {age, newest, none, message};
    entries[index].message.key = key;
    (newest != none ? entries[newest].newer : oldest) = index;
    newest = index;
    table[find(key)] = index;
    ++used;
    publish_oldest();
  }

  void publish_oldest() noexcept {
    oldest_age.store(oldest != none ? entries[oldest].age : never, std::memory_order_relaxed);
  }

  /// Takes out what stands at a place of the table, and moves what follows into the gap.
  in_flight_message remove(std::size_t at) noexcept {
    const std::uint32_t index = table[at];
    entry& gone = entries[index];
    (gone.older != none ? entries[gone.older].newer : oldest) = gone.newer;
    (gone.newer != none ? entries[gone.newer].older : newest) = gone.older;
    const in_flight_message message = gone.message;
    gone.older = first_free;
    first_free = index;
    --used;
    publish_oldest();
    const std::size_t mask = table.size() - 1;
    for (std::size_t next = (at + 1) & mask; table[next] != none; next = (next + 1) & mask) {
      ++steps;
      const std::size_t home = home_of(entries[table[next]].message.key);
      // It may move to the gap unless its home lies between the gap and itself.
      if (((next - home) & mask) < ((next - at) & mask)) continue;
      table[at] = table[next];
      at = next;
    }
    table[at] = none;
    return message;
  }

  [[nodiscard]] std::optional<in_flight_message> take(std::uint64_t key) noexcept {
    if (used == 0) return std::nullopt;
    const std::size_t at = find(key);
    if (table[at] == none) return std::nullopt;
    return remove(at);
  }
};

in_flight_table::in_flight_table(std::size_t messages_max)
    : messages_max_(messages_max < 1 ? 1 : messages_max), shards_(new shard[shards_max]) {}

in_flight_table::~in_flight_table() = default;

std::optional<in_flight_message> in_flight_table::add(std::uint64_t key,
                                                      const in_flight_message& message) noexcept {
  shard& chosen = shards_[shard_of(hash_of(key))];
  std::uint64_t age = 0;
  {
    // Under the shard's lock size_ changes with the entry that is counted: a thread that takes it
    // out at once must not find it counted later, nor one that has room find the table full.
    const std::lock_guard lock(chosen.mutex);
    const std::optional<in_flight_message> replaced = chosen.take(key);
    if (!chosen.make_room()) {
      // Of two that are lost the older one is reported; the newer one was never known.
      if (!replaced.has_value()) {
        in_flight_message unknown = message;
        unknown.key = key;
        return unknown;
      }
      size_.fetch_sub(1, std::memory_order_relaxed);
      return replaced;
    }
    age = added_.fetch_add(1, std::memory_order_relaxed);
    chosen.insert(key, age, message);
    if (replaced.has_value()) return replaced;
    if (size_.fetch_add(1, std::memory_order_relaxed) < messages_max_) return std::nullopt;
  }
  return take_oldest(age);
}

std::optional<in_flight_message> in_flight_table::take(std::uint64_t key) noexcept {
  shard& home = shards_[shard_of(hash_of(key))];
  const std::lock_guard lock(home.mutex);
  const std::optional<in_flight_message> taken = home.take(key);
  if (taken.has_value()) size_.fetch_sub(1, std::memory_order_relaxed);
  return taken;
}

bool in_flight_table::contains(std::uint64_t key) const noexcept {
  shard& home = shards_[shard_of(hash_of(key))];
  const std::lock_guard lock(home.mutex);
  return home.used != 0 && home.table[home.find(key)] != none;
}

std::optional<in_flight_message> in_flight_table::take_oldest(std::uint64_t newest) noexcept {
  for (;;) {
    // The one that was just added stays: when it is the oldest, other threads gave up those before.
    std::uint64_t oldest = newest;
    shard* chosen = nullptr;
    for (std::size_t i = 0; i < shards_max; ++i) {
      const std::uint64_t age = shards_[i].oldest_age.load(std::memory_order_relaxed);
      if (age >= oldest) continue;
      oldest = age;
      chosen = &shards_[i];
    }
    if (chosen == nullptr) return std::nullopt;
    const std::lock_guard lock(chosen->mutex);
    // Unless another thread took it first.
    if (chosen->oldest_age.load(std::memory_order_relaxed) != oldest) continue;
    const in_flight_message given_up =
        chosen->remove(chosen->find(chosen->entries[chosen->oldest].message.key));
    size_.fetch_sub(1, std::memory_order_relaxed);
    return given_up;
  }
}

std::optional<in_flight_message> in_flight_table::take_any() noexcept {
  for (std::size_t i = 0; i < shards_max; ++i) {
    shard& each = shards_[i];
    const std::lock_guard lock(each.mutex);
    if (each.used == 0) continue;
    const in_flight_message any = each.remove(each.find(each.entries[each.oldest].message.key));
    size_.fetch_sub(1, std::memory_order_relaxed);
    return any;
  }
  return std::nullopt;
}

std::uint64_t in_flight_table::steps() const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < shards_max; ++i) {
    const std::lock_guard lock(shards_[i].mutex);
    sum += shards_[i].steps;
  }
  return sum;
}

}  // namespace waybill::inline v0::messaging

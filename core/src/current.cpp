#include "waybill/current.hpp"

#include <time.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <utility>

#include "never_destroyed.hpp"

namespace waybill::inline v0 {

namespace {

const context& empty_context() noexcept {
  static const detail::never_destroyed<context> empty;
  return empty.value;
}

constinit std::atomic<std::uint64_t> misplaced_ends{0};

}  // namespace

namespace detail {

enum class node_state : std::uint8_t {
  active,    // its scope lives
  ended,     // its scope has ended; the thread it began on takes it off
  orphaned,  // the thread it began on has ended; its scope frees it
};

/// A context that is current, or that was received. Its memory belongs to the thread it was made
/// on, which uses it again and again, so that a scope may end anywhere.
struct context_node {
  context value;
  context_node* outer = nullptr;
  std::atomic<node_state> state{node_state::active};
  // Only for received contexts.
  const received_slot* filled_by = nullptr;
  std::shared_ptr<diagnostics> counters;
  std::size_t boundary_index = 0;
  time_t received_at = 0;
  std::atomic<std::uint32_t> owners{1};  // the slot, and the message
  std::atomic<bool> is_used{false};
};

}  // namespace detail

namespace {

using detail::node_state;
using node = detail::context_node;

/// What a thread has. Trivial, so that reaching it costs no check; thread_end frees it. Here and
/// not in the header: an inline thread_local would exist once in every shared library.
struct thread_state {
  node* innermost = nullptr;
  node* spare = nullptr;
  std::uint32_t spares = 0;
  node* received = nullptr;
  std::uint32_t lost_scopes = 0;  // scopes without memory: nothing is current while there is one
  bool has_begun = false;         // thread_end will run
  bool has_ended = false;         // it has: nothing is kept any more
};
constinit thread_local thread_state self;

void delete_node(node* freed) noexcept {
  freed->~node();
  std::free(freed);  // NOLINT(*-no-malloc)
}

/// Gives back what a thread has when it ends.
struct thread_end {
  thread_end() noexcept = default;
  thread_end(const thread_end&) = delete;
  thread_end& operator=(const thread_end&) = delete;
  ~thread_end() {
    received_slot::clear();
    while (node* each = self.innermost) {
      self.innermost = each->outer;
      if (each->state.exchange(node_state::orphaned) == node_state::ended) delete_node(each);
    }
    while (node* each = self.spare) {
      self.spare = each->outer;
      delete_node(each);
    }
    self.has_ended = true;
  }
};

/// To be called once in each thread. False when memory ran out: glibc ends the process when it has
/// no memory to remember a destructor, so it is made sure first that there is some.
bool begin_thread() noexcept {
  void* room = std::malloc(sizeof(node));  // NOLINT(*-no-malloc): returns null
  if (room == nullptr) return false;
  std::free(room);  // NOLINT(*-no-malloc)
  static thread_local const thread_end at_thread_end;
  static_cast<void>(at_thread_end);
  self.has_begun = true;
  return true;
}

/// Null when memory ran out.
node* new_node() noexcept {
  if (node* reused = self.spare) {
    self.spare = reused->outer;
    --self.spares;
    return reused;
  }
  if (!self.has_begun && !begin_thread()) return nullptr;
  void* memory = std::malloc(sizeof(node));  // NOLINT(*-no-malloc): returns null
  if (memory == nullptr) return nullptr;
  return new (memory) node;
}

void recycle(node* done) noexcept {
  // Bounded, because messages may be received on one thread and die on another.
  constexpr std::uint32_t spares_max = 64;
  // Where no scope ever began nobody would free it when the thread ends.
  if (self.spares == spares_max || !self.has_begun || self.has_ended) {
    delete_node(done);
    return;
  }
  ++self.spares;
  done->value = context();
  done->outer = self.spare;
  self.spare = done;
}

/// One owner less of a received context.
void drop_received(node* done) noexcept {
  if (done->owners.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (!done->is_used.load(std::memory_order_relaxed) && done->counters != nullptr) {
    done->counters->record({.way = direction::inbound,
                            .code = errc::unused_context,
                            .boundary_index = done->boundary_index});
  }
  done->counters.reset();
  recycle(done);
}

/// Takes off what has ended before it was its turn.
void drop_ended() noexcept {
  while (self.innermost != nullptr &&
         self.innermost->state.load(std::memory_order_acquire) == node_state::ended) {
    node* done = self.innermost;
    self.innermost = done->outer;
    recycle(done);
  }
}

time_t coarse_seconds() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return now.tv_sec;
}

class thread_provider final : public context_provider {
 public:
  [[nodiscard]] const context& current(context& /*storage*/) const noexcept override {
    return v0::current();
  }
  [[nodiscard]] void* attach(const context& next) const noexcept override {
    node* made = new_node();
    if (made == nullptr) {
      ++self.lost_scopes;
      return nullptr;
    }
    made->value = next;
    made->state.store(node_state::active, std::memory_order_relaxed);
    made->outer = self.innermost;
    self.innermost = made;
    return made;
  }
  void restore(void* attached) const noexcept override {
    node* ended = static_cast<node*>(attached);
    if (ended == nullptr) {
      if (self.lost_scopes > 0) --self.lost_scopes;
      return;
    }
    if (ended == self.innermost) {
      self.innermost = ended->outer;
      recycle(ended);
      drop_ended();
      return;
    }
    misplaced_ends.fetch_add(1, std::memory_order_relaxed);
    if (ended->state.exchange(node_state::ended) == node_state::orphaned) delete_node(ended);
  }
};

}  // namespace

context_provider::~context_provider() = default;

const context_provider& thread_context_provider() noexcept {
  static constinit detail::never_destroyed<thread_provider> instance;
  return instance.value;
}

const context* scoped_context() noexcept {
  if (self.lost_scopes > 0) return &empty_context();
  if (self.innermost == nullptr) return nullptr;
  drop_ended();
  return self.innermost != nullptr ? &self.innermost->value : nullptr;
}

const context& current() noexcept {
  if (const context* of_scope = scoped_context()) return *of_scope;
  const context* received = received_slot::get();
  return received != nullptr ? *received : empty_context();
}

std::uint64_t misplaced_scope_ends() noexcept {
  return misplaced_ends.load(std::memory_order_relaxed);
}

void received_use::drop() noexcept { drop_received(std::exchange(node_, nullptr)); }

void received_use::mark() const noexcept { node_->is_used.store(true, std::memory_order_relaxed); }

void received_slot::clear() noexcept {
  if (self.received != nullptr) drop_received(std::exchange(self.received, nullptr));
}

void received_slot::clear_own() const noexcept {
  if (self.received != nullptr && self.received->filled_by == this) clear();
}

received_use received_slot::fill(const context& received,
                                 std::size_t boundary_index) const noexcept {
  clear();
  if (received.is_empty()) return {};
  node* made = new_node();
  if (made == nullptr) return {};
  made->value = received;
  made->filled_by = this;
  made->counters = counters_;
  made->boundary_index = boundary_index;
  made->received_at = coarse_seconds();
  made->owners.store(2, std::memory_order_relaxed);
  made->is_used.store(false, std::memory_order_relaxed);
  self.received = made;
  return received_use(made);
}

const context* received_slot::get() noexcept {
  node* kept = self.received;
  if (kept == nullptr) return nullptr;
  if (coarse_seconds() - kept->received_at > age_max_seconds) {
    clear();
    return nullptr;
  }
  kept->is_used.store(true, std::memory_order_relaxed);
  return &kept->value;
}

const void* current_context_id() noexcept { return &misplaced_ends; }

}  // namespace waybill::inline v0

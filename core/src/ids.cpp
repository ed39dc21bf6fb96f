#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstring>

#include "fast_traceparent.hpp"
#include "waybill/span_context.hpp"

namespace waybill::inline v0 {

namespace {

/// Counts the forks this process came out of. A child must not go on with its parent's sequence.
constinit std::atomic<std::uint32_t> fork_generation{1};

void count_fork() noexcept { fork_generation.fetch_add(1, std::memory_order_relaxed); }

void watch_forks() noexcept {
  // If registering fails (out of memory) ids are still random, only not told apart after a fork.
  [[maybe_unused]] static const int registered = pthread_atfork(nullptr, nullptr, &count_fork);
}

std::uint64_t split_mix(std::uint64_t& state) noexcept {
  std::uint64_t mixed = state += 0x9e3779b97f4a7c15U;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
  return mixed ^ (mixed >> 31);
}

/// xoshiro256** by Blackman and Vigna: 256 bits of state, seeded by the operating system. Ids must
/// be unlikely to collide, not hard to guess (W3C Trace Context Level 2, "Security
/// Considerations" asks for no secrecy).
class generator {
 public:
  std::uint64_t next() noexcept {
    if (seeded_for_ != fork_generation.load(std::memory_order_relaxed)) seed();
    const std::uint64_t number = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return number;
  }

 private:
  void seed() noexcept {
    watch_forks();
    seeded_for_ = fork_generation.load(std::memory_order_relaxed);
    if (getentropy(state_.data(), sizeof state_) == 0 && state_ != decltype(state_){}) return;
    // No entropy device (a bare chroot on an old kernel): time, process and place differ at least.
    auto mix =
        static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    mix ^= static_cast<std::uint64_t>(getpid()) << 32;
    mix ^= reinterpret_cast<std::uintptr_t>(this);
    for (std::uint64_t& word : state_) word = split_mix(mix);
  }

  std::array<std::uint64_t, 4> state_{};
  std::uint32_t seeded_for_ = 0;
};

constinit thread_local generator thread_generator;

span_id new_span_id() noexcept {
  span_id id;
  do {
    const std::uint64_t bits = thread_generator.next();
    std::memcpy(id.bytes.data(), &bits, sizeof bits);
  } while (!id.is_valid());
  return id;
}

}  // namespace

span_context span_context::new_root(bool sampled, random_flag random) noexcept {
  waybill::trace_id id;
  do {
    const std::array<std::uint64_t, 2> bits{thread_generator.next(), thread_generator.next()};
    std::memcpy(id.bytes.data(), bits.data(), sizeof bits);
  } while (!id.is_valid());
  const auto flags = static_cast<std::uint8_t>((random == random_flag::on ? flag_random : 0) |
                                               (sampled ? flag_sampled : 0));
  return {id, new_span_id(), flags};
}

span_context span_context::new_child() const noexcept {
  if (!is_valid()) return {};
  span_context child = *this;
  child.span_id_ = new_span_id();
  child.remote_ = false;
  return child;
}

namespace detail {

errc parse_traceparent_fast(std::string_view text, span_context& out) noexcept {
  return parse_traceparent_inline(text, out);
}

void encode_fast(const std::uint8_t* bytes, std::size_t size, char* out) noexcept {
  for (std::size_t i = 0; i < size; i += 8) {
    encode_16_fast(load_little_endian(bytes + i), out + 2 * i);
  }
}

}  // namespace detail

}  // namespace waybill::inline v0

#include "volume.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>

namespace waybill_test {

namespace {

constexpr std::uint64_t message_count_default = 200'000;
constexpr std::chrono::seconds patience_default{480};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool measures_memory = false;
#else
constexpr bool measures_memory = true;
#endif

}  // namespace

std::uint64_t volume_message_count() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes this variable
  const char* const text = std::getenv("WAYBILL_VOLUME_MESSAGES");
  const std::uint64_t count = text == nullptr ? message_count_default : std::stoull(text);
  if (count < message_count_default) throw std::runtime_error("too few to see memory that is kept");
  return count;
}

std::chrono::seconds volume_patience(std::uint64_t message_count) {
  return patience_default * (message_count / message_count_default);
}

std::size_t resident_kibibytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmRSS:") continue;
    std::size_t size = 0;
    status >> size;
    return size;
  }
  throw std::runtime_error("no VmRSS in /proc/self/status");
}

void expect_no_memory_kept(std::size_t resident_after_warm_up, std::size_t resident_at_end,
                           std::size_t growth_kibibytes_max) {
  std::cout << "resident after " << volume_warm_up_count << " messages " << resident_after_warm_up
            << " KiB, at the end " << resident_at_end << " KiB\n";
  if (measures_memory) {
    EXPECT_LE(resident_at_end, resident_after_warm_up + growth_kibibytes_max);
  }
}

}  // namespace waybill_test

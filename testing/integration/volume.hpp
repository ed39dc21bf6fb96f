#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace waybill_test {

/// When a test of many messages takes the size of its process for the first time.
constexpr std::uint64_t volume_warm_up_count = 20'000;

/// How many messages a test of many messages sends: 200,000, or as many as WAYBILL_VOLUME_MESSAGES
/// says.
/// @par Errors  Throws std::runtime_error for fewer: memory that is kept would not be seen.
std::uint64_t volume_message_count();

/// How long `message_count` messages may take.
std::chrono::seconds volume_patience(std::uint64_t message_count);

/// The resident size of this process.
std::size_t resident_kibibytes();

/// Prints both sizes, and expects that the process did not grow by more than `growth_kibibytes_max`
/// after the warm-up. Under a sanitizer it only prints: these keep what was freed for a while.
void expect_no_memory_kept(std::size_t resident_after_warm_up, std::size_t resident_at_end,
                           std::size_t growth_kibibytes_max);

}  // namespace waybill_test

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "waybill/errc.hpp"

namespace waybill::inline v0 {

/// Which way the message went.
enum class direction : std::uint8_t { inbound = 0, outbound = 1 };

/// Something that was not as it should be. Never carries data of a message.
struct diagnostic_event {
  direction way = direction::inbound;  ///< Read from a message, or written to one.
  errc code = errc::ok;                ///< What was wrong.
  std::string_view field{};            ///< A field's name from the propagator, or empty.
  std::size_t boundary_index = 0;      ///< The entry of the boundary that held.
  std::uint32_t count = 1;             ///< How often, such as members that were dropped.
};

/// Counts what was malformed, dropped, repeated or over a limit, by direction, code and entry of
/// the boundary, and tells an optional callback. What goes well is not counted.
/// @par Shape     bounded: entries_max entries of the boundary have counters of their own, those
///                beyond share the last.
/// @par Cost      nothing for a good message; a relaxed add to a counter of the thread's stripe
///                for an event. No lock, no allocation.
/// @par Threads   any.
class WAYBILL_API diagnostics {
 public:
  /// Called on the thread that met the event, so on several at once. It may throw: the exception is
  /// dropped, counted as callback_failures().
  using callback = void (*)(void* state, const diagnostic_event& event);

  /// Entries of a boundary with counters of their own.
  static constexpr std::size_t entries_max = 64;

  /// `call`, which may be null, is given `state`; both outlive this.
  explicit diagnostics(callback call = nullptr, void* state = nullptr);
  ~diagnostics();
  diagnostics(const diagnostics&) = delete;
  diagnostics& operator=(const diagnostics&) = delete;

  /// Counts an event and tells the callback. For adapters, and for code with formats of its own.
  void record(const diagnostic_event& event) noexcept;

  /// Events of this direction and code, over all entries of the boundary or for one.
  /// @{
  [[nodiscard]] std::uint64_t count(direction way, errc code) const noexcept;
  [[nodiscard]] std::uint64_t count(direction way, errc code,
                                    std::size_t boundary_index) const noexcept;
  /// @}
  /// All events.
  [[nodiscard]] std::uint64_t total() const noexcept;
  /// Exceptions that the callback threw.
  [[nodiscard]] std::uint64_t callback_failures() const noexcept;

 private:
  struct counters;
  std::unique_ptr<counters> counters_;
  callback call_;
  void* state_;
};

}  // namespace waybill::inline v0

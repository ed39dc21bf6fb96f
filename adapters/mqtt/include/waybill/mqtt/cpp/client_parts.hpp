#pragma once

#include <mqtt/async_client.h>

#include <chrono>
#include <string>
#include <utility>

#include "waybill/mqtt/cpp/receiver.hpp"
#include "waybill/mqtt/cpp/sender.hpp"

namespace waybill::inline v0::mqtt {

/// What a drop-in client does with every message.
struct client_options {
  propagation settings{};       ///< Formats, boundary, tracer and the rest.
  publisher_options publish{};  ///< For what goes out.
  receiver_options receive{};   ///< For what comes in; the client id is filled in.
};

namespace detail {

/// Waits until a deadline by a call that waits for a while: `wait_for(part)` is true when what is
/// waited for came. Paho's own calls with a deadline will not do: in 1.5 they end with nothing when
/// the connection comes up, and go on when it is lost.
///
/// Paho 1.5 begins a wait anew when the connection comes up meanwhile. So half of what is left is
/// asked for each time, and a wait that lasts twice as long still ends in time.
template <class Clock, class Duration, class WaitFor>
bool wait_until(const std::chrono::time_point<Clock, Duration>& deadline, WaitFor&& wait_for) {
  using std::chrono::nanoseconds;
  constexpr nanoseconds too_short_to_halve = std::chrono::milliseconds(1);
  constexpr std::chrono::hours longest{1};
  while (true) {
    const auto began = Clock::now();
    const auto left = deadline - began;
    nanoseconds part = left > longest ? longest : std::chrono::duration_cast<nanoseconds>(left);
    const bool is_last = part <= too_short_to_halve;
    if (!is_last) part /= 2;
    if (wait_for(part)) return true;
    if (is_last) return false;
    // A wait that gives up early waits for nothing any more: Paho's queue is closed. Half of it,
    // and not less than nothing, because a system's clock may be set meanwhile.
    const auto waited = Clock::now() - began;
    if (waited >= waited.zero() && waited < part / 2) return false;
  }
}

/// What a drop-in adds to its client. A base in front of Paho's, so that it outlives the client's
/// threads, which call it.
struct client_parts {
  explicit client_parts(client_options options)
      : sending(options.settings, std::move(options.publish)),
        receiving(std::move(options.settings), std::move(options.receive)),
        calling(receiving) {}

  /// The client has got its id.
  void know(const std::string& client_id) {
    sending.know(client_id);
    receiving.know(client_id);
  }
  /// To be called on entry to every receive call, whatever it then gives. Returns when the call
  /// began, where there is a tracer.
  [[nodiscard]] std::chrono::system_clock::time_point begin_receive() const noexcept {
    received_slot::clear();
    return receiving.propagation().tracer() != nullptr ? std::chrono::system_clock::now()
                                                       : std::chrono::system_clock::time_point{};
  }

  sender sending;
  receiver receiving;
  receiving_callback calling;
};

}  // namespace detail

}  // namespace waybill::inline v0::mqtt

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
  propagation with{};           ///< Formats, boundary, tracer and the rest.
  publisher_options publish{};  ///< For what goes out.
  receiver_options receive{};   ///< For what comes in; the client id is filled in.
};

namespace detail {

/// What a drop-in adds to its client. A base in front of Paho's, so that it outlives the client's
/// threads, which call it.
struct client_parts {
  explicit client_parts(client_options options)
      : sending(options.with, std::move(options.publish)),
        receiving(std::move(options.with), std::move(options.receive)),
        calling(receiving) {}

  /// The client has got its id.
  void know(const std::string& client_id) {
    sending.know(client_id);
    receiving.know(client_id);
  }
  [[nodiscard]] std::chrono::system_clock::time_point now() const noexcept {
    return receiving.propagating().tracer != nullptr ? std::chrono::system_clock::now()
                                                     : std::chrono::system_clock::time_point{};
  }

  sender sending;
  receiver receiving;
  receiving_callback calling;
};

}  // namespace detail

}  // namespace waybill::inline v0::mqtt

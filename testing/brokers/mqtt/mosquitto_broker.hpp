#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "child_process.hpp"
#include "loopback_port.hpp"
#include "temporary_folder.hpp"

namespace waybill_test {

/// Where an MQTT server listens.
struct mqtt_address {
  std::string host;
  std::uint16_t port = 0;

  /// "tcp://HOST:PORT", as Paho takes it.
  [[nodiscard]] std::string uri() const { return "tcp://" + host + ":" + std::to_string(port); }
};

struct mosquitto_options {
  /// Bytes of a packet at most, either way; 0: as many as MQTT allows. MQTT 5 clients are told.
  std::uint32_t max_packet_size = 0;
  /// Sessions, retained and queued messages outlive the process, a kill included: every change is
  /// written at once.
  bool persistence = false;
  /// Added to the settings, and replacing those of the same name.
  std::map<std::string, std::string> settings{};
  std::chrono::seconds start_patience{30};
};

/// A real Eclipse Mosquitto on a free port of 127.0.0.1, with a private folder.
///
/// @par Input    `mosquitto` is on PATH or in /usr/sbin.
/// @par Errors   Constructor, start and restart throw std::runtime_error; a failed start comes with
///               the end of the broker's log.
/// @par Cost     0.1 s to be ready; 9 MB of memory.
/// @par Threads  One object is used by one thread at a time; several objects don't know each other.
/// @par Lifetime The destructor kills the broker and removes its data. The broker also dies when
///               this process dies, however it dies; then the folder stays behind.
class mosquitto_broker {
 public:
  explicit mosquitto_broker(mosquitto_options options = {});
  mosquitto_broker(const mosquitto_broker&) = delete;
  mosquitto_broker& operator=(const mosquitto_broker&) = delete;
  ~mosquitto_broker();

  /// The same for the object's whole life.
  [[nodiscard]] mqtt_address address() const { return {"127.0.0.1", port_->number()}; }
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_.path(); }
  [[nodiscard]] bool running() const;
  /// -1 while there is none.
  [[nodiscard]] pid_t process_id() const;

  /// Ends the broker as a power cut would (SIGKILL).
  void kill();
  /// Ends the broker in order (SIGTERM), or by SIGKILL after 30 s.
  void stop();
  /// Starts an ended broker on the same port and data, and waits until it listens.
  void start();
  /// kill() and start().
  void restart();
  /// Another mosquitto_options::max_packet_size, from the next start() on.
  void set_max_packet_size(std::uint32_t bytes);
  /// Holds the broker still (SIGSTOP): connections stay open and nobody answers.
  void pause();
  void resume();

  /// The whole log; all runs of this object write to the same one.
  [[nodiscard]] std::string log() const;

 private:
  enum class start_outcome { ready, exited, too_late };

  void choose_port();
  void write_settings() const;
  [[nodiscard]] start_outcome launch(child_process::clock::time_point deadline);
  [[noreturn]] void fail(start_outcome outcome);
  [[nodiscard]] std::filesystem::path settings_file() const { return folder() / "mosquitto.conf"; }
  [[nodiscard]] std::filesystem::path log_file() const { return folder() / "broker.log"; }

  mosquitto_options options_;
  temporary_folder folder_;
  std::optional<loopback_port> port_;
  std::unique_ptr<child_process> process_;
};

}  // namespace waybill_test

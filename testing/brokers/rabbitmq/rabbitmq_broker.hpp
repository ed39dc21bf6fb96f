#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bare_amqp.hpp"
#include "child_process.hpp"
#include "loopback_port.hpp"
#include "temporary_folder.hpp"

namespace waybill_test {

struct rabbitmq_broker_options {
  /// Added to rabbitmq.conf, and replacing settings of the same name: mqtt.listeners.tcp.1, ...
  std::map<std::string, std::string> settings;
  std::vector<std::string> plugins;  ///< "rabbitmq_mqtt", ...
  std::chrono::seconds start_patience{120};
  /// Called with the broker's port whenever one was chosen, before the broker starts: where another
  /// server may still take it. More than once only if that happens.
  std::function<void(std::uint16_t port)> on_port_chosen;
};

/// A real RabbitMQ: one node on free ports of 127.0.0.1 with a private folder and an epmd (Erlang's
/// port mapper) of its own.
///
/// @par Input    Debian's package rabbitmq-server. Root runs it as the user rabbitmq, who must be
///               able to pass through the folders of $TMPDIR.
/// @par Errors   Constructor, start and restart throw std::runtime_error; a failed start comes with
///               the end of the broker's log. A missing package is an error too: a test without its
///               broker fails.
/// @par Cost     5 s to be ready on a quiet machine; 140 MB of memory.
/// @par Threads  One object is used by one thread at a time; several objects don't know each other.
/// @par Lifetime The destructor kills the broker and removes its data. The broker also dies when
///               this process dies, however it dies; then the data folder stays behind.
class rabbitmq_broker {
 public:
  explicit rabbitmq_broker(rabbitmq_broker_options options = {});
  rabbitmq_broker(const rabbitmq_broker&) = delete;
  rabbitmq_broker& operator=(const rabbitmq_broker&) = delete;
  ~rabbitmq_broker();

  /// The same for the object's whole life.
  [[nodiscard]] amqp_address address() const { return {"127.0.0.1", port_->number()}; }
  [[nodiscard]] const std::filesystem::path& data_folder() const noexcept { return folder_.path(); }
  [[nodiscard]] bool running() const;
  /// The process id of the node; -1 while there is none.
  [[nodiscard]] pid_t process_id() const;

  /// Ends the broker as a power cut would (SIGKILL). What it had written stays.
  void kill();
  /// Ends the broker in order (SIGTERM), or by SIGKILL after 30 s.
  void stop();
  /// Starts an ended broker on the same ports and data, and waits until it answers.
  void start();
  /// kill() and start().
  void restart();
  /// Holds the broker still (SIGSTOP): connections stay open and nobody answers.
  void pause();
  void resume();

  /// The end of the broker's log; all runs of this object write to the same log.
  [[nodiscard]] std::string log_tail(std::size_t lines = 40) const;

 private:
  using clock = child_process::clock;
  enum class start_outcome { ready, exited, too_late };

  void choose_ports();
  void write_settings() const;
  void give_folder_to_its_user() const;
  [[nodiscard]] std::vector<std::string> as_its_user(std::vector<std::string> command) const;
  [[nodiscard]] std::vector<std::string> node_command() const;
  [[nodiscard]] start_outcome launch(clock::time_point deadline);
  [[nodiscard]] start_outcome launch_port_mapper(clock::time_point deadline);
  [[noreturn]] void fail(start_outcome outcome);

  [[nodiscard]] std::filesystem::path log_file() const { return data_folder() / "broker.log"; }

  rabbitmq_broker_options options_;
  temporary_folder folder_;
  std::optional<loopback_port> port_;
  std::optional<loopback_port> distribution_port_;
  std::optional<loopback_port> port_mapper_port_;
  std::unique_ptr<child_process> port_mapper_;
  std::unique_ptr<child_process> node_;
};

}  // namespace waybill_test

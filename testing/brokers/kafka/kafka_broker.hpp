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

#include "child_process.hpp"
#include "loopback_port.hpp"
#include "temporary_folder.hpp"

namespace waybill_test {

/// A node's place among the nodes of a cluster: see kafka_cluster.
struct kafka_membership {
  std::string cluster_id;
  std::size_t node = 0;  ///< Its place in controller_ports; Kafka's node.id is one more.
  /// One for each node, claimed by whoever makes the nodes.
  std::vector<std::uint16_t> controller_ports;
};

/// An id as a new cluster wants one.
std::string random_cluster_id();

struct kafka_broker_options {
  /// Added to the broker's settings, and replacing those of the same name: message.max.bytes, ...
  std::map<std::string, std::string> properties;
  int heap_mebibytes = 512;
  std::chrono::seconds start_patience{90};
  /// Called with the broker's port whenever one was chosen, before java starts: where another
  /// server may still take it. More than once only if that happens.
  std::function<void(std::uint16_t port)> on_port_chosen;
  /// Set for a node of a cluster: it is ready only once most of the others are started too.
  std::optional<kafka_membership> membership;
};

/// A real Apache Kafka: one KRaft node, broker and controller at once, on free ports of 127.0.0.1,
/// with a private data folder. Alone, or as one of several in a kafka_cluster.
///
/// @par Input    The environment variable WAYBILL_KAFKA_LIBS names the folder with the jars
///               (fetch-kafka.sh prints it); `java` is on PATH.
/// @par Errors   Constructor, create_topic, start and restart throw std::runtime_error; a failed
///               start comes with the end of the broker's log. A missing variable is an error too:
///               a test without its broker fails.
/// @par Cost     1.5 s to be ready, 3 s after a kill, on a quiet machine; 350 MB of memory.
/// @par Threads  One object is used by one thread at a time; several objects don't know each other.
/// @par Lifetime The destructor kills the broker and removes its data. The broker also dies when
///               this process dies, however it dies; then the data folder stays behind.
class kafka_broker {
 public:
  explicit kafka_broker(kafka_broker_options options = {});
  kafka_broker(const kafka_broker&) = delete;
  kafka_broker& operator=(const kafka_broker&) = delete;
  ~kafka_broker();

  /// "127.0.0.1:PORT"; the same for the object's whole life.
  [[nodiscard]] std::string bootstrap() const;
  [[nodiscard]] const std::filesystem::path& data_folder() const noexcept { return folder_.path(); }
  [[nodiscard]] bool running() const;
  /// The process id of java; -1 while there is none.
  [[nodiscard]] pid_t process_id() const;

  /// Makes a topic and waits until every partition has a leader that answers.
  /// @par Input `configuration`: the topic's own settings ("cleanup.policy", ...).
  void create_topic(const std::string& name, int partitions = 1, int replication = 1,
                    const std::map<std::string, std::string>& configuration = {}) const;

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
  enum class start_outcome { ready, exited, too_late };

  void choose_ports();
  void format_storage() const;
  void write_properties() const;
  [[nodiscard]] start_outcome launch(child_process::clock::time_point deadline);
  [[noreturn]] void fail(start_outcome outcome);

  [[nodiscard]] std::filesystem::path properties_file() const {
    return data_folder() / "server.properties";
  }
  [[nodiscard]] std::filesystem::path log_file() const { return data_folder() / "broker.log"; }

  kafka_broker_options options_;
  std::filesystem::path libraries_;
  kafka_membership membership_;
  temporary_folder folder_;
  std::optional<loopback_port> port_;
  std::optional<loopback_port> controller_port_;
  std::unique_ptr<child_process> process_;
};

}  // namespace waybill_test

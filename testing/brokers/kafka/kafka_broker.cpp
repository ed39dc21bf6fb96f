#include "kafka_broker.hpp"

#include <fcntl.h>

#include <cerrno>
#include <csignal>
#include <deque>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "environment.hpp"
#include "kafka_admin.hpp"
#include "run.hpp"
#include "unique_descriptor.hpp"

namespace waybill_test {

namespace {

using clock = child_process::clock;

constexpr int port_attempts_max = 5;
constexpr std::size_t whole_log = 100'000;  // lines
constexpr std::chrono::milliseconds answer_patience{250};
constexpr std::chrono::seconds format_patience{60};
constexpr std::chrono::seconds topic_patience{30};
constexpr std::chrono::seconds stop_patience{30};

std::filesystem::path find_libraries() {
  const std::filesystem::path folder = environment_variable("WAYBILL_KAFKA_LIBS").value_or("");
  if (folder.empty()) {
    throw std::runtime_error(
        "WAYBILL_KAFKA_LIBS is not set: it names the folder with the jars of Apache Kafka, which "
        "testing/brokers/kafka/fetch-kafka.sh fetches and prints");
  }
  if (!std::filesystem::is_directory(folder)) {
    throw std::runtime_error("WAYBILL_KAFKA_LIBS names no folder: " + folder.string());
  }
  return std::filesystem::absolute(folder);
}

// What every java of ours gets: a quick start rather than peak speed, and no file outside `folder`.
std::vector<std::string> java_command(const std::filesystem::path& libraries,
                                      const std::filesystem::path& folder, int heap_mebibytes) {
  return {"java",
          "-Xmx" + std::to_string(heap_mebibytes) + "m",
          "-XX:TieredStopAtLevel=1",
          "-XX:+UseSerialGC",
          "-XX:-UsePerfData",
          "-XX:+ExitOnOutOfMemoryError",
          "-XX:ErrorFile=" + (folder / "java-error.log").string(),
          "-Djava.awt.headless=true",
          "-Djava.io.tmpdir=" + (folder / "tmp").string(),
          "-Dlog4j2.level=WARN",
          "-cp",
          (libraries / "*").string()};
}

bool log_says_port_taken(const std::string& log) {
  return log.find("Address already in use") != std::string::npos;
}

std::string loopback(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

}  // namespace

// 22 characters of base64url are the 16 bytes that Kafka wants; the last one holds two bits alone.
// Letters and digits only: an argument must not begin with a dash.
std::string random_cluster_id() {
  static constexpr std::string_view characters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  constexpr int free_characters = 21;
  std::random_device source;
  std::uniform_int_distribution<std::size_t> any(0, characters.size() - 1);
  std::string id;
  for (int i = 0; i < free_characters; ++i) id += characters[any(source)];
  return id + "A";
}

kafka_broker::kafka_broker(kafka_broker_options options)
    : options_(std::move(options)),
      libraries_(find_libraries()),
      membership_(options_.membership.value_or(kafka_membership{random_cluster_id(), 0, {}})),
      folder_("waybill-kafka") {
  std::filesystem::create_directory(data_folder() / "tmp");
  const auto deadline = clock::now() + options_.start_patience;
  choose_ports();
  format_storage();
  for (int attempt = 1;; ++attempt) {
    const start_outcome outcome = launch(deadline);
    if (outcome == start_outcome::ready) return;
    // Another program was quicker than java: the ports are not written into the data, so take
    // others. In a cluster the other nodes know them already.
    const bool other_ports_help = !options_.membership && outcome == start_outcome::exited &&
                                  log_says_port_taken(log_tail(whole_log));
    if (!other_ports_help || attempt == port_attempts_max) fail(outcome);
    std::filesystem::remove(log_file());
    choose_ports();
  }
}

kafka_broker::~kafka_broker() = default;

std::string kafka_broker::bootstrap() const { return loopback(port_->number()); }

bool kafka_broker::running() const { return process_ && process_->running(); }

pid_t kafka_broker::process_id() const { return running() ? process_->id() : -1; }

void kafka_broker::create_topic(const std::string& name, int partitions, int replication,
                                const std::map<std::string, std::string>& configuration) const {
  kafka_admin(bootstrap())
      .create_topic(name, partitions, replication, configuration, topic_patience);
}

void kafka_broker::kill() { process_.reset(); }

void kafka_broker::stop() {
  if (!process_) return;
  process_->send_signal(SIGCONT);
  process_->send_signal(SIGTERM);
  process_->wait_until(clock::now() + stop_patience);
  process_.reset();
}

void kafka_broker::start() {
  if (running()) return;
  const auto deadline = clock::now() + options_.start_patience;
  const start_outcome outcome = launch(deadline);
  if (outcome != start_outcome::ready) fail(outcome);
}

void kafka_broker::restart() {
  kill();
  start();
}

void kafka_broker::pause() {
  if (process_) process_->stop_and_wait();
}

void kafka_broker::resume() {
  if (process_) process_->send_signal(SIGCONT);
}

std::string kafka_broker::log_tail(std::size_t lines) const {
  std::ifstream file(log_file());
  std::deque<std::string> last;
  for (std::string line; std::getline(file, line);) {
    last.push_back(std::move(line));
    if (last.size() > lines) last.pop_front();
  }
  std::string text;
  for (const std::string& line : last) text += line + "\n";
  return text;
}

void kafka_broker::choose_ports() {
  port_.emplace();
  if (!options_.membership) {
    controller_port_.emplace();
    membership_.controller_ports = {controller_port_->number()};
  }
  write_properties();
  if (options_.on_port_chosen) options_.on_port_chosen(port_->number());
}

void kafka_broker::write_properties() const {
  const std::string broker = bootstrap();
  const std::vector<std::uint16_t>& controllers = membership_.controller_ports;
  const std::string controller = loopback(controllers.at(membership_.node));
  std::string voters;
  for (std::size_t node = 0; node < controllers.size(); ++node) {
    voters += (node == 0 ? "" : ",") + std::to_string(node + 1) + "@" + loopback(controllers[node]);
  }
  std::map<std::string, std::string> all = {
      {"process.roles", "broker,controller"},
      {"node.id", std::to_string(membership_.node + 1)},
      {"controller.quorum.voters", voters},
      {"listeners", "PLAINTEXT://" + broker + ",CONTROLLER://" + controller},
      {"advertised.listeners", "PLAINTEXT://" + broker},
      {"controller.listener.names", "CONTROLLER"},
      {"listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"},
      {"log.dirs", (data_folder() / "data").string()},
      // One node can hold one copy, and 50 partitions of internal topics only cost time.
      {"offsets.topic.replication.factor", "1"},
      {"offsets.topic.num.partitions", "1"},
      {"transaction.state.log.replication.factor", "1"},
      {"transaction.state.log.min.isr", "1"},
      {"transaction.state.log.num.partitions", "1"},
      {"group.initial.rebalance.delay.ms", "0"},
      {"auto.create.topics.enable", "true"},
      // A broker that was killed may not come back before its old session is over; by default that
      // takes 9 s. Much less, and a busy machine would look like a dead broker.
      {"broker.session.timeout.ms", "2000"},
      {"broker.heartbeat.interval.ms", "200"},
      // Tests send timestamps of any age; nothing may be deleted for its age.
      {"log.retention.ms", "-1"},
      // The default of 128 MiB is a quarter of our heap.
      {"log.cleaner.dedupe.buffer.size", "4194304"},
  };
  for (const auto& [name, value] : options_.properties) all[name] = value;

  std::ofstream file(properties_file());
  for (const auto& [name, value] : all) file << name << '=' << value << '\n';
  file.close();
  if (!file) throw std::runtime_error("can't write " + properties_file().string());
}

void kafka_broker::format_storage() const {
  constexpr int heap_mebibytes = 128;
  std::vector<std::string> command = java_command(libraries_, data_folder(), heap_mebibytes);
  command.insert(command.end(), {"kafka.tools.StorageTool", "format", "-t", membership_.cluster_id,
                                 "-c", properties_file().string()});
  const run_result result = run(command, {}, format_patience);
  if (result.succeeded()) return;
  std::ostringstream text;
  text << "Kafka's storage can't be formatted: " << result;
  throw std::runtime_error(text.str());
}

kafka_broker::start_outcome kafka_broker::launch(clock::time_point deadline) {
  constexpr int log_mode = 0600;
  const unique_descriptor log(
      ::open(log_file().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, log_mode));
  if (log.get() < 0) throw std::system_error(errno, std::generic_category(), log_file().string());

  std::vector<std::string> command =
      java_command(libraries_, data_folder(), options_.heap_mebibytes);
  command.insert(command.end(), {"kafka.Kafka", properties_file().string()});
  process_ = std::make_unique<child_process>(command, child_streams{-1, log.get(), log.get()});

  kafka_admin admin(bootstrap());
  while (process_->running()) {
    // The cluster's id tells our broker from another one that was quicker to take the port.
    if (admin.answers(membership_.cluster_id, 1, answer_patience)) return start_outcome::ready;
    if (clock::now() >= deadline) return start_outcome::too_late;
  }
  return start_outcome::exited;
}

void kafka_broker::fail(start_outcome outcome) {
  std::string text = "Apache Kafka did not start";
  if (outcome == start_outcome::exited) text += ": " + to_string(process_->status().value());
  if (outcome == start_outcome::too_late) text += " in time";
  process_.reset();
  throw std::runtime_error(text + "\nThe end of its log:\n" + log_tail());
}

}  // namespace waybill_test

#include "mosquitto_broker.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

#include "environment.hpp"
#include "unique_descriptor.hpp"

namespace waybill_test {

namespace {

using clock = child_process::clock;

constexpr int port_attempts_max = 5;
constexpr std::chrono::seconds stop_patience{30};
constexpr std::chrono::milliseconds look_again_after{2};
constexpr std::size_t log_tail_bytes = 8'000;

// Servers are not on every user's PATH.
std::string find_mosquitto() {
  for (const char* each : {"/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"}) {
    if (::access(each, X_OK) == 0) return each;
  }
  return "mosquitto";
}

}  // namespace

mosquitto_broker::mosquitto_broker(mosquitto_options options)
    : options_(std::move(options)), folder_("waybill-mosquitto") {
  std::filesystem::create_directory(folder() / "data");
  const auto deadline = clock::now() + options_.start_patience;
  for (int attempt = 1;; ++attempt) {
    choose_port();
    const start_outcome outcome = launch(deadline);
    if (outcome == start_outcome::ready) return;
    // Another program was quicker to take the port.
    const bool other_port_helps = outcome == start_outcome::exited &&
                                  log().find("Address already in use") != std::string::npos;
    if (!other_port_helps || attempt == port_attempts_max) fail(outcome);
    std::filesystem::remove(log_file());
  }
}

mosquitto_broker::~mosquitto_broker() = default;

bool mosquitto_broker::running() const { return process_ && process_->running(); }

pid_t mosquitto_broker::process_id() const { return running() ? process_->id() : -1; }

void mosquitto_broker::kill() { process_.reset(); }

void mosquitto_broker::stop() {
  if (!process_) return;
  process_->send_signal(SIGCONT);
  process_->send_signal(SIGTERM);
  process_->wait_until(clock::now() + stop_patience);
  process_.reset();
}

void mosquitto_broker::start() {
  if (running()) return;
  const start_outcome outcome = launch(clock::now() + options_.start_patience);
  if (outcome != start_outcome::ready) fail(outcome);
}

void mosquitto_broker::restart() {
  kill();
  start();
}

void mosquitto_broker::pause() {
  if (process_) process_->stop_and_wait();
}

void mosquitto_broker::resume() {
  if (process_) process_->send_signal(SIGCONT);
}

std::string mosquitto_broker::log() const {
  std::ifstream file(log_file());
  return {std::istreambuf_iterator<char>(file), {}};
}

void mosquitto_broker::set_max_packet_size(std::uint32_t bytes) {
  options_.max_packet_size = bytes;
  write_settings();
}

void mosquitto_broker::choose_port() {
  port_.emplace();
  write_settings();
}

void mosquitto_broker::write_settings() const {
  std::map<std::string, std::string> all = {
      {"allow_anonymous", "true"},
      {"log_dest", "stderr"},
      {"persistence", options_.persistence ? "true" : "false"},
      // A test that sends faster than it receives must not lose messages to a limit.
      {"max_queued_messages", "0"},
      {"sys_interval", "0"},
      {"set_tcp_nodelay", "true"},
  };
  if (options_.persistence) {
    all["persistence_location"] = (folder() / "data").string() + "/";
    all["autosave_on_changes"] = "true";
    all["autosave_interval"] = "1";
  }
  if (options_.max_packet_size != 0) {
    all["max_packet_size"] = std::to_string(options_.max_packet_size);
  }
  // Started by root it would become another user, who may not write to our folder.
  if (::geteuid() == 0) all["user"] = "root";
  for (const auto& [name, value] : options_.settings) all[name] = value;

  std::ofstream file(settings_file());
  // What follows a listener belongs to it, and it stands last so that nothing does.
  for (const auto& [name, value] : all) file << name << ' ' << value << '\n';
  file << "listener " << port_->number() << " 127.0.0.1\n";
  file.close();
  if (!file) throw std::runtime_error("can't write " + settings_file().string());
}

mosquitto_broker::start_outcome mosquitto_broker::launch(clock::time_point deadline) {
  constexpr int log_mode = 0600;
  const std::size_t log_before = log().size();
  const unique_descriptor output(
      ::open(log_file().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, log_mode));
  if (output.get() < 0) {
    throw std::system_error(errno, std::generic_category(), log_file().string());
  }
  process_ = std::make_unique<child_process>(
      std::vector<std::string>{find_mosquitto(), "-c", settings_file().string()},
      child_streams{-1, output.get(), output.get()});
  do {
    // Said once its sockets listen. An answer on the port would not tell it from another server.
    if (log().find(" running\n", log_before) != std::string::npos) return start_outcome::ready;
    if (clock::now() >= deadline) return start_outcome::too_late;
  } while (!process_->wait_until(clock::now() + look_again_after));
  return start_outcome::exited;
}

void mosquitto_broker::fail(start_outcome outcome) {
  std::string text = "Mosquitto did not start";
  if (outcome == start_outcome::exited) text += ": " + to_string(process_->status().value());
  if (outcome == start_outcome::too_late) text += " in time";
  process_.reset();
  const std::string whole = log();
  const std::size_t from = whole.size() > log_tail_bytes ? whole.size() - log_tail_bytes : 0;
  throw std::runtime_error(text + "\nThe end of its log:\n" + whole.substr(from));
}

}  // namespace waybill_test

#include "rabbitmq_broker.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <deque>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "unique_descriptor.hpp"

namespace waybill_test {

namespace {

constexpr int port_attempts_max = 5;
constexpr std::size_t whole_log = 100'000;  // lines
constexpr std::size_t failure_lines = 200;  // Erlang says a lot before it ends
constexpr std::chrono::seconds stop_patience{30};
constexpr std::chrono::milliseconds between_attempts{50};
constexpr const char* server_program = "/usr/lib/rabbitmq/bin/rabbitmq-server";
constexpr const char* user_name = "rabbitmq";

std::string text(const std::filesystem::path& path) { return path.string(); }

void write_file(const std::filesystem::path& path, const std::string& content) {
  std::ofstream file(path);
  file << content;
  file.close();
  if (!file) throw std::runtime_error("can't write " + text(path));
}

// Only root has to become another user, and can.
bool changes_user() { return ::geteuid() == 0; }

void require_package() {
  if (!std::filesystem::exists(server_program)) {
    throw std::runtime_error(std::string(server_program) +
                             " is not there: install Debian's package rabbitmq-server");
  }
}

// Whether everybody may pass through all folders above `path`.
bool can_be_reached(const std::filesystem::path& path) {
  for (auto folder = path.parent_path(); folder != folder.root_path();
       folder = folder.parent_path()) {
    const auto allowed = std::filesystem::status(folder).permissions();
    if ((allowed & std::filesystem::perms::others_exec) == std::filesystem::perms::none) {
      return false;
    }
  }
  return true;
}

}  // namespace

rabbitmq_broker::rabbitmq_broker(rabbitmq_broker_options options)
    : options_(std::move(options)), folder_("waybill-rabbitmq") {
  require_package();
  for (const char* name : {"mnesia", "log", "config"}) {
    std::filesystem::create_directory(data_folder() / name);
  }
  const auto deadline = clock::now() + options_.start_patience;
  choose_ports();
  for (int attempt = 1;; ++attempt) {
    const start_outcome outcome = launch(deadline);
    if (outcome == start_outcome::ready) return;
    // Another program was quicker: the ports are not written into the data, so take others.
    const bool other_ports_help = outcome == start_outcome::exited &&
                                  log_tail(whole_log).find("addr") != std::string::npos &&
                                  log_tail(whole_log).find("in use") != std::string::npos;
    if (!other_ports_help || attempt == port_attempts_max) fail(outcome);
    std::filesystem::remove(log_file());
    node_.reset();
    port_mapper_.reset();
    choose_ports();
  }
}

rabbitmq_broker::~rabbitmq_broker() = default;

bool rabbitmq_broker::running() const { return node_ && node_->running(); }

pid_t rabbitmq_broker::process_id() const { return running() ? node_->id() : -1; }

void rabbitmq_broker::kill() { node_.reset(); }

void rabbitmq_broker::stop() {
  if (!node_) return;
  node_->send_signal(SIGCONT);
  node_->send_signal(SIGTERM);
  node_->wait_until(clock::now() + stop_patience);
  node_.reset();
}

void rabbitmq_broker::start() {
  if (running()) return;
  const start_outcome outcome = launch(clock::now() + options_.start_patience);
  if (outcome != start_outcome::ready) fail(outcome);
}

void rabbitmq_broker::restart() {
  kill();
  start();
}

void rabbitmq_broker::pause() {
  if (node_) node_->stop_and_wait();
}

void rabbitmq_broker::resume() {
  if (node_) node_->send_signal(SIGCONT);
}

std::string rabbitmq_broker::log_tail(std::size_t lines) const {
  std::ifstream file(log_file());
  std::deque<std::string> last;
  for (std::string line; std::getline(file, line);) {
    last.push_back(std::move(line));
    if (last.size() > lines) last.pop_front();
  }
  std::string all;
  for (const std::string& line : last) all += line + "\n";
  return all;
}

void rabbitmq_broker::choose_ports() {
  port_.emplace();
  distribution_port_.emplace();
  port_mapper_port_.emplace();
  write_settings();
  if (changes_user()) give_folder_to_its_user();
  if (options_.on_port_chosen) options_.on_port_chosen(port_->number());
}

void rabbitmq_broker::write_settings() const {
  std::map<std::string, std::string> all = {
      {"listeners.tcp.1", "127.0.0.1:" + std::to_string(port_->number())},
      // Tells our broker from another one that was quicker to take the port.
      {"cluster_name", text(data_folder())},
      {"log.console", "true"},
      {"log.console.level", "info"},
      {"log.file", "false"},
      // The default of half a GB is written out when the broker starts.
      {"raft.wal_max_size_bytes", "16777216"},
      // Of a machine that runs out of space the tests will tell.
      {"disk_free_limit.absolute", "1MB"},
  };
  for (const auto& [name, value] : options_.settings) all[name] = value;
  std::string lines;
  for (const auto& [name, value] : all) lines += name + " = " + value + "\n";
  write_file(data_folder() / "rabbitmq.conf", lines);

  std::string plugins;
  for (const std::string& name : options_.plugins) plugins += (plugins.empty() ? "" : ",") + name;
  write_file(data_folder() / "enabled_plugins", "[" + plugins + "].\n");

  // Erlang wants a shared secret that nobody else can read. Only this node's tools know it.
  const auto cookie = data_folder() / ".erlang.cookie";
  if (!std::filesystem::exists(cookie)) {
    write_file(cookie, "waybill" + std::to_string(port_->number()));
    std::filesystem::permissions(cookie, std::filesystem::perms::owner_read);
  }
}

void rabbitmq_broker::give_folder_to_its_user() const {
  const passwd* user = ::getpwnam(user_name);  // NOLINT(concurrency-mt-unsafe): one thread
  if (user == nullptr) throw std::runtime_error("there is no user rabbitmq");
  const auto give = [&](const std::filesystem::path& path) {
    if (::lchown(path.c_str(), user->pw_uid, user->pw_gid) != 0) {
      throw std::system_error(errno, std::generic_category(), text(path));
    }
  };
  give(data_folder());
  for (const auto& entry : std::filesystem::recursive_directory_iterator(data_folder())) {
    give(entry.path());
  }
  if (!can_be_reached(data_folder())) {
    throw std::runtime_error("the user rabbitmq can't reach " + text(data_folder()) +
                             ": TMPDIR must name a folder that everybody may pass through");
  }
}

// The kernel forgets the parent-death signal when a process becomes another user: it is set again.
std::vector<std::string> rabbitmq_broker::as_its_user(std::vector<std::string> command) const {
  if (!changes_user()) return command;
  std::vector<std::string> whole = {"setpriv",       "--reuid",     user_name, "--regid", user_name,
                                    "--init-groups", "--pdeathsig", "KILL",    "--"};
  whole.insert(whole.end(), command.begin(), command.end());
  return whole;
}

std::vector<std::string> rabbitmq_broker::node_command() const {
  const auto in_folder = [this](const char* name) { return text(data_folder() / name); };
  return as_its_user({
      "env",
      "--chdir=" + text(data_folder()),
      "--unset=NOTIFY_SOCKET",
      "HOME=" + text(data_folder()),
      "LC_ALL=C.UTF-8",
      "RABBITMQ_NODENAME=waybill-" + std::to_string(port_->number()) + "@localhost",
      "RABBITMQ_CONFIG_FILE=" + in_folder("rabbitmq.conf"),
      "RABBITMQ_ADVANCED_CONFIG_FILE=" + in_folder("advanced.config"),
      "RABBITMQ_CONF_ENV_FILE=" + in_folder("rabbitmq-env.conf"),
      "RABBITMQ_GENERATED_CONFIG_DIR=" + in_folder("config"),
      "RABBITMQ_ENABLED_PLUGINS_FILE=" + in_folder("enabled_plugins"),
      "RABBITMQ_MNESIA_BASE=" + in_folder("mnesia"),
      "RABBITMQ_LOG_BASE=" + in_folder("log"),
      "RABBITMQ_DIST_PORT=" + std::to_string(distribution_port_->number()),
      "ERL_EPMD_ADDRESS=127.0.0.1",
      "ERL_EPMD_PORT=" + std::to_string(port_mapper_port_->number()),
      "ERL_CRASH_DUMP_SECONDS=0",
      // Then the script becomes the node instead of staying its parent.
      "RABBITMQ_ALLOW_INPUT=1",
      "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-noinput -start_epmd false "
      "-kernel inet_dist_use_interface {127,0,0,1}",
      server_program,
  });
}

rabbitmq_broker::start_outcome rabbitmq_broker::launch(clock::time_point deadline) {
  if (!port_mapper_ || !port_mapper_->running()) {
    const start_outcome outcome = launch_port_mapper(deadline);
    if (outcome != start_outcome::ready) return outcome;
  }
  constexpr int log_mode = 0600;
  const unique_descriptor log(
      ::open(log_file().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, log_mode));
  if (log.get() < 0) throw std::system_error(errno, std::generic_category(), text(log_file()));
  node_ = std::make_unique<child_process>(node_command(), child_streams{-1, log.get(), log.get()});
  while (node_->running()) {
    if (answers_amqp(address(), text(data_folder()))) return start_outcome::ready;
    if (clock::now() >= deadline) return start_outcome::too_late;
    node_->wait_until(clock::now() + between_attempts);
  }
  return start_outcome::exited;
}

// Ours, in the foreground: one that the node starts itself would outlive it as a daemon.
rabbitmq_broker::start_outcome rabbitmq_broker::launch_port_mapper(clock::time_point deadline) {
  const std::string port = std::to_string(port_mapper_port_->number());
  port_mapper_ = std::make_unique<child_process>(
      as_its_user({"epmd", "-address", "127.0.0.1", "-port", port}));
  while (port_mapper_->running()) {
    if (accepts_connections(port_mapper_port_->number())) return start_outcome::ready;
    if (clock::now() >= deadline) return start_outcome::too_late;
    port_mapper_->wait_until(clock::now() + between_attempts);
  }
  write_file(log_file(), "epmd ended; its address may be in use\n");
  return start_outcome::exited;
}

void rabbitmq_broker::fail(start_outcome outcome) {
  std::string message = "RabbitMQ did not start";
  if (outcome == start_outcome::exited && node_) {
    message += ": " + to_string(node_->status().value());
  }
  if (outcome == start_outcome::too_late) message += " in time";
  node_.reset();
  throw std::runtime_error(message + "\nThe end of its log:\n" + log_tail(failure_lines));
}

}  // namespace waybill_test

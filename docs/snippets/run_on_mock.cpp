// Runs programs one after the other, each with the address of librdkafka's own mock cluster as its
// argument: what one has sent the next one finds. Ends with 0 if each of them does.
//   run_on_mock PROGRAM...

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <iostream>
#include <memory>
#include <string>

namespace {

int run(const char* program, const std::string& bootstrap) {
  std::string name = program;
  std::string address = bootstrap;
  const std::array<char*, 3> arguments{name.data(), address.data(), nullptr};
  pid_t child = 0;
  if (posix_spawn(&child, program, nullptr, nullptr, arguments.data(), environ) != 0) return -1;
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int brokers = 1;
  std::array<char, 256> error{};
  // The cluster lives in the threads of some client; this one never connects to anything.
  const std::unique_ptr<rd_kafka_t, decltype(&rd_kafka_destroy)> host(
      rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error.data(), error.size()),
      &rd_kafka_destroy);
  if (host == nullptr) {
    std::cerr << "run_on_mock: " << error.data() << '\n';
    return 1;
  }
  const std::unique_ptr<rd_kafka_mock_cluster_t, decltype(&rd_kafka_mock_cluster_destroy)> cluster(
      rd_kafka_mock_cluster_new(host.get(), brokers), &rd_kafka_mock_cluster_destroy);
  if (cluster == nullptr || argc < 2) {
    std::cerr << "run_on_mock: no mock cluster, or no program\n";
    return 1;
  }
  const std::string bootstrap = rd_kafka_mock_cluster_bootstraps(cluster.get());
  for (int i = 1; i < argc; ++i) {
    const int status = run(argv[i], bootstrap);
    if (status == 0) continue;
    std::cerr << "run_on_mock: " << argv[i] << " ended with " << status << '\n';
    return 1;
  }
  return 0;
}

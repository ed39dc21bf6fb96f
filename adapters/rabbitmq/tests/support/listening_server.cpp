#include "listening_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <exception>
#include <stdexcept>
#include <utility>

namespace waybill_test {

closed_port::closed_port() : descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t bytes = sizeof where;
  if (bind(descriptor_, reinterpret_cast<const sockaddr*>(&where), bytes) != 0 ||
      getsockname(descriptor_, reinterpret_cast<sockaddr*>(&where), &bytes) != 0) {
    throw std::runtime_error("no port is free");
  }
  port_ = ntohs(where.sin_port);
}

closed_port::~closed_port() { close(descriptor_); }

silent_port::silent_port() {
  if (listen(descriptor(), 128) != 0) throw std::runtime_error("no port to listen on");
}

int silent_port::accept_one() const {
  pollfd watched{descriptor(), POLLIN, 0};
  if (poll(&watched, 1, static_cast<int>(scripted_server::patience.count())) <= 0) return -1;
  return accept4(descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
}

listening_server::listening_server(std::function<void(scripted_server&)> script)
    : thread_([this, script = std::move(script)] {
        try {
          scripted_server server(listening_.accept_one());
          script(server);
        } catch (const std::exception& failure) {
          failure_ = failure.what();
        }
      }) {}

std::string listening_server::wait() {
  if (thread_.joinable()) thread_.join();
  return failure_;
}

}  // namespace waybill_test

// The customers: sends requests that are written down in files to the gateway, over HTTP.
//   shop PORT FILE...

#include <cstdint>
#include <exception>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>

#include "support/http.hpp"
#include "support/text_message.hpp"

namespace {

using namespace order_pipeline;  // NOLINT(google-build-using-namespace): this program's own

/// The first line is "METHOD TARGET HTTP/1.1".
http_request to_request(const text_message& text) {
  const std::size_t method_end = text.first_line.find(' ');
  const std::size_t target_end = text.first_line.rfind(' ');
  if (method_end == std::string::npos || target_end <= method_end) {
    throw std::runtime_error("this is no request: " + text.first_line);
  }
  http_request request;
  request.version(11);
  request.method_string(text.first_line.substr(0, method_end));
  request.target(text.first_line.substr(method_end + 1, target_end - method_end - 1));
  for (const header& each : text.headers) request.insert(each.name, each.value.value_or(""));
  request.body() = text.body;
  request.prepare_payload();
  return request;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) throw std::runtime_error("usage: shop PORT FILE...");
  const auto port = static_cast<std::uint16_t>(std::stoi(argv[1]));
  for (const char* path : std::span(argv + 2, static_cast<std::size_t>(argc - 2))) {
    send_http(port, to_request(read_text_message(path)));
  }
  return 0;
} catch (const std::exception& error) {
  std::cerr << "shop: " << error.what() << '\n';
  return 1;
}

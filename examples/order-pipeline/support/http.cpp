#include "http.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <exception>
#include <stdexcept>
#include <string>

namespace order_pipeline {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

constexpr std::chrono::seconds patience{60};

/// Runs what was begun until it has ended; the stream's own time-out ends what does not.
void finish(asio::io_context& io) {
  io.restart();
  io.run();
}

void check(const beast::error_code& error) {
  if (error) throw beast::system_error(error);
}

http_request read_request(asio::io_context& io, beast::tcp_stream& stream) {
  beast::flat_buffer buffer;
  http_request request;
  beast::error_code failure;
  stream.expires_after(patience);
  http::async_read(stream, buffer, request,
                   [&](const beast::error_code& error, std::size_t) { failure = error; });
  finish(io);
  check(failure);
  return request;
}

template <class Message>
void write(asio::io_context& io, beast::tcp_stream& stream, Message& message) {
  beast::error_code failure;
  stream.expires_after(patience);
  http::async_write(stream, message,
                    [&](const beast::error_code& error, std::size_t) { failure = error; });
  finish(io);
  check(failure);
}

/// The next connection, which has to come within the patience.
tcp::socket accept(asio::io_context& io, tcp::acceptor& acceptor) {
  tcp::socket socket(io);
  beast::error_code failure = asio::error::timed_out;
  acceptor.async_accept(socket, [&](const beast::error_code& error) { failure = error; });
  io.restart();
  io.run_for(patience);
  check(failure);
  return socket;
}

}  // namespace

void serve_http(int requests, const std::function<void(std::uint16_t port)>& ready,
                const std::function<void(http_request&)>& handle) {
  asio::io_context io;
  tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  ready(acceptor.local_endpoint().port());
  for (int served = 0; served < requests; ++served) {
    beast::tcp_stream stream(accept(io, acceptor));
    http_request request = read_request(io, stream);
    http::response<http::string_body> response(http::status::accepted, request.version());
    std::exception_ptr failure;
    try {
      handle(request);
    } catch (const std::exception& error) {
      failure = std::current_exception();
      response.result(http::status::internal_server_error);
      response.body() = error.what();
    }
    response.keep_alive(false);
    response.prepare_payload();
    write(io, stream, response);
    if (failure) std::rethrow_exception(failure);
  }
}

void send_http(std::uint16_t port, const http_request& request) {
  asio::io_context io;
  beast::tcp_stream stream(io);
  beast::error_code failure;
  stream.expires_after(patience);
  stream.async_connect(tcp::endpoint(asio::ip::address_v4::loopback(), port),
                       [&](const beast::error_code& error) { failure = error; });
  finish(io);
  check(failure);
  write(io, stream, request);

  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  stream.expires_after(patience);
  http::async_read(stream, buffer, response,
                   [&](const beast::error_code& error, std::size_t) { failure = error; });
  finish(io);
  check(failure);
  if (response.result() != http::status::accepted) {
    throw std::runtime_error("the answer is " + std::to_string(response.result_int()) + ": " +
                             response.body());
  }
}

}  // namespace order_pipeline

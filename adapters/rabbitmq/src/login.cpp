#if __has_include(<rabbitmq-c/tcp_socket.h>)
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp_tcp_socket.h>
#endif
// rabbitmq-c has this header only where it was built with OpenSSL.
#if __has_include(<rabbitmq-c/ssl_socket.h>)
#include <rabbitmq-c/ssl_socket.h>
#define WAYBILL_RABBITMQ_C_HAS_TLS 1
#elif __has_include(<amqp_ssl_socket.h>)
#include <amqp_ssl_socket.h>
#define WAYBILL_RABBITMQ_C_HAS_TLS 1
#else
#define WAYBILL_RABBITMQ_C_HAS_TLS 0
#endif

#include <sys/time.h>

#include <array>
#include <string>

#include "connection_state.hpp"

namespace waybill::inline v0::rabbitmq {

namespace {

timeval as_timeval(std::chrono::milliseconds timeout) noexcept {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(timeout);
  const auto rest = std::chrono::microseconds(timeout - seconds);
  return {static_cast<time_t>(seconds.count()), static_cast<suseconds_t>(rest.count())};
}

/// The connection's socket; null where it cannot be made, with `status` saying why.
amqp_socket_t* make_socket(amqp_connection_state_t raw, const connection_parameters& where,
                           int& status) {
  status = AMQP_STATUS_NO_MEMORY;
  if (!where.tls) return amqp_tcp_socket_new(raw);
#if WAYBILL_RABBITMQ_C_HAS_TLS
  amqp_socket_t* const socket = amqp_ssl_socket_new(raw);
  if (socket == nullptr) return nullptr;
  amqp_ssl_socket_set_verify_peer(socket, where.tls->verifies_server ? 1 : 0);
  amqp_ssl_socket_set_verify_hostname(socket, where.tls->verifies_server ? 1 : 0);
  status = AMQP_STATUS_OK;
  if (where.tls->verifies_server) {
    status = amqp_ssl_socket_set_cacert(socket, where.tls->ca_file.c_str());
  }
  if (status == AMQP_STATUS_OK && !where.tls->certificate_file.empty()) {
    status = amqp_ssl_socket_set_key(socket, where.tls->certificate_file.c_str(),
                                     where.tls->key_file.c_str());
  }
  return status == AMQP_STATUS_OK ? socket : nullptr;
#else
  status = AMQP_STATUS_SSL_ERROR;
  return nullptr;
#endif
}

amqp_table_entry_t capability(const char* name) noexcept {
  amqp_table_entry_t entry{};
  entry.key = amqp_cstring_bytes(name);
  entry.value.kind = AMQP_FIELD_KIND_BOOLEAN;
  entry.value.value.boolean = 1;
  return entry;
}

}  // namespace

namespace detail {

close_reason log_in(amqp_connection_state_t raw, const connection_parameters& where) {
  timeval patience = as_timeval(where.connect_timeout);
  int status = AMQP_STATUS_OK;
  amqp_socket_t* const socket = make_socket(raw, where, status);
  if (socket == nullptr) return because(status);
  status = amqp_socket_open_noblock(socket, where.host.c_str(), where.port, &patience);
  if (status != AMQP_STATUS_OK) return because(status);
  amqp_set_handshake_timeout(raw, &patience);
  const timeval answer_patience = as_timeval(where.answer_timeout);
  if (where.answer_timeout.count() > 0) amqp_set_rpc_timeout(raw, &answer_patience);

  std::array entries{capability("consumer_cancel_notify"), capability("connection.blocked")};
  amqp_table_entry_t capabilities{};
  capabilities.key = amqp_cstring_bytes("capabilities");
  capabilities.value.kind = AMQP_FIELD_KIND_TABLE;
  capabilities.value.value.table = {static_cast<int>(entries.size()), entries.data()};
  const amqp_table_t properties{1, &capabilities};
  const amqp_rpc_reply_t reply = amqp_login_with_properties(
      raw, where.virtual_host.c_str(), 0, where.frame_bytes_max,
      static_cast<int>(where.heartbeat.count()), &properties, AMQP_SASL_METHOD_PLAIN,
      where.user.c_str(), where.password.c_str());
  return reply.reply_type == AMQP_RESPONSE_NORMAL ? close_reason{} : because(reply);
}

}  // namespace detail

std::optional<connection_parameters> connection_parameters::from_url(std::string_view url) {
  std::string text(url);  // rabbitmq-c writes into it
  amqp_connection_info parsed{};
  // A zero byte would end a part of it early.
  const bool ends_early =
      text.find('\0') != std::string::npos || text.find("%00") != std::string::npos;
  if (ends_early || amqp_parse_url(text.data(), &parsed) != AMQP_STATUS_OK) return std::nullopt;
  std::optional<connection_parameters> where(std::in_place);
  where->host = parsed.host;
  where->port = parsed.port;
  where->virtual_host = parsed.vhost;
  where->user = parsed.user;
  where->password = parsed.password;
  if (parsed.ssl != 0) where->tls.emplace();
  return where;
}

}  // namespace waybill::inline v0::rabbitmq

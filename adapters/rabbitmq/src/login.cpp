#if __has_include(<rabbitmq-c/tcp_socket.h>)
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp_tcp_socket.h>
#endif
// rabbitmq-c has this header only where it was built with OpenSSL.
#if __has_include(<rabbitmq-c/ssl_socket.h>)
#include <rabbitmq-c/ssl_socket.h>
#elif __has_include(<amqp_ssl_socket.h>)
#include <amqp_ssl_socket.h>
#else
#define WAYBILL_RABBITMQ_C_WITHOUT_TLS
#endif

#include <sys/time.h>

#include <array>
#include <string>

#include "connection_state.hpp"

namespace waybill::inline v0::rabbitmq {

namespace {

timeval as_timeval(std::chrono::milliseconds timeout) noexcept {
  return {static_cast<time_t>(timeout.count() / 1'000),
          static_cast<suseconds_t>(timeout.count() % 1'000 * 1'000)};
}

/// Gives the connection a socket: AMQP_STATUS_OK, or why it has none.
int make_socket(amqp_connection_state_t raw, const connection_parameters& where) noexcept {
  if (!where.tls) {
    return amqp_tcp_socket_new(raw) != nullptr ? AMQP_STATUS_OK : AMQP_STATUS_NO_MEMORY;
  }
#ifdef WAYBILL_RABBITMQ_C_WITHOUT_TLS
  return AMQP_STATUS_SSL_ERROR;
#else
  amqp_socket_t* const socket = amqp_ssl_socket_new(raw);
  if (socket == nullptr) return AMQP_STATUS_NO_MEMORY;
  const tls_parameters& tls = *where.tls;
  amqp_ssl_socket_set_verify_peer(socket, tls.verifies_server ? 1 : 0);
  amqp_ssl_socket_set_verify_hostname(socket, tls.verifies_server ? 1 : 0);
  int status = AMQP_STATUS_OK;
  if (tls.verifies_server) status = amqp_ssl_socket_set_cacert(socket, tls.ca_file.c_str());
  if (status != AMQP_STATUS_OK || tls.certificate_file.empty()) return status;
  return amqp_ssl_socket_set_key(socket, tls.certificate_file.c_str(), tls.key_file.c_str());
#endif
}

amqp_table_entry_t capability(const char* name) noexcept {
  amqp_table_entry_t entry{};
  entry.key = amqp_cstring_bytes(name);
  entry.value.kind = AMQP_FIELD_KIND_BOOLEAN;
  entry.value.value.boolean = 1;
  return entry;
}

/// Its status says whether that went well.
close_reason connect(amqp_connection_state_t raw, const connection_parameters& where) noexcept {
  const timeval patience = as_timeval(where.connect_timeout);
  int status = raw != nullptr ? make_socket(raw, where) : AMQP_STATUS_NO_MEMORY;
  if (status == AMQP_STATUS_OK) {
    status =
        amqp_socket_open_noblock(amqp_get_socket(raw), where.host.c_str(), where.port, &patience);
  }
  if (status != AMQP_STATUS_OK) return detail::because(status);
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
  return reply.reply_type == AMQP_RESPONSE_NORMAL ? close_reason{} : detail::because(reply);
}

}  // namespace

void detail::connection_state::log_in(const connection_parameters& where) noexcept {
  logged_in(connect(raw_, where));
}

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

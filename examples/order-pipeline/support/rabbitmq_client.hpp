#pragma once

#include <string>
#include <vector>
#include <waybill/rabbitmq/amqp.hpp>
#include <waybill/rabbitmq/connection.hpp>

#include "log_file.hpp"

/// The little that the programs share of rabbitmq-c itself.
/// @par Errors   all of these throw std::runtime_error.
namespace order_pipeline {

/// The connection, logged in as guest, to "HOST:PORT".
[[nodiscard]] waybill::rabbitmq::connection open_rabbitmq(const std::string& address);

/// Throws unless rabbitmq-c's status is AMQP_STATUS_OK.
void check_amqp(int status, const std::string& what);
/// Throws unless the broker answered the last call as it should.
void check_amqp(amqp_connection_state_t connection, const std::string& what);

/// Opens a channel for declaring things.
amqp_channel_t open_channel(amqp_connection_state_t connection);

/// A queue of its own that gets a copy of all that an exchange of the type fanout gets; with an
/// empty name the broker makes one, which is gone with the connection. Answers its name.
std::string bind_queue(amqp_connection_state_t connection, amqp_channel_t channel,
                       const std::string& exchange, const std::string& queue);

/// The headers of a message as they are. Others than text have their type as their value.
[[nodiscard]] std::vector<header> headers_of(const amqp_basic_properties_t& properties);

/// Properties with headers of long strings, which borrow the texts that they are made of.
class text_properties {
 public:
  text_properties(const std::vector<header>& headers, const std::string& message_id);
  text_properties(const text_properties&) = delete;
  text_properties& operator=(const text_properties&) = delete;
  ~text_properties() = default;
  [[nodiscard]] const amqp_basic_properties_t& get() const noexcept { return properties_; }

 private:
  std::vector<amqp_table_entry_t> entries_;
  amqp_basic_properties_t properties_{};
};

}  // namespace order_pipeline

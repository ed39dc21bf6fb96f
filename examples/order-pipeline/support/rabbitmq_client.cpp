#include "rabbitmq_client.hpp"

#include <stdexcept>
#include <string_view>

namespace order_pipeline {

using waybill::rabbitmq::bytes_of;
using waybill::rabbitmq::text_of;

waybill::rabbitmq::connection open_rabbitmq(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) throw std::runtime_error(address + " is not HOST:PORT");
  waybill::rabbitmq::connection_parameters where;
  where.host = address.substr(0, colon);
  where.port = std::stoi(address.substr(colon + 1));
  waybill::rabbitmq::connection opened = waybill::rabbitmq::connection::open(where);
  if (!opened.is_open()) {
    check_amqp(opened.reason().status, address);
    throw std::runtime_error(address + ": " + opened.reason().reply_text);
  }
  return opened;
}

void check_amqp(int status, const std::string& what) {
  if (status != AMQP_STATUS_OK) throw std::runtime_error(what + ": " + amqp_error_string2(status));
}

void check_amqp(amqp_connection_state_t connection, const std::string& what) {
  const amqp_rpc_reply_t reply = amqp_get_rpc_reply(connection);
  if (reply.reply_type == AMQP_RESPONSE_NORMAL) return;
  if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION) check_amqp(reply.library_error, what);
  std::string_view words = "the broker refused it";
  if (reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
    words = text_of(static_cast<const amqp_channel_close_t*>(reply.reply.decoded)->reply_text);
  }
  throw std::runtime_error(what + ": " + std::string(words));
}

amqp_channel_t open_channel(amqp_connection_state_t connection) {
  constexpr amqp_channel_t channel = 1000;  // far from those that waybill opens
  amqp_channel_open(connection, channel);
  check_amqp(connection, "opening a channel");
  return channel;
}

std::string bind_queue(amqp_connection_state_t connection, amqp_channel_t channel,
                       const std::string& exchange, const std::string& queue) {
  const amqp_boolean_t is_temporary = queue.empty() ? 1 : 0;
  const amqp_queue_declare_ok_t* made = amqp_queue_declare(
      connection, channel, bytes_of(queue), 0, 0, is_temporary, is_temporary, amqp_empty_table);
  check_amqp(connection, "making the queue " + queue);
  std::string name(text_of(made->queue));
  amqp_queue_bind(connection, channel, bytes_of(name), bytes_of(exchange), amqp_empty_bytes,
                  amqp_empty_table);
  check_amqp(connection, "binding the queue " + name);
  return name;
}

std::vector<header> headers_of(const amqp_basic_properties_t& properties) {
  std::vector<header> found;
  if ((properties._flags & AMQP_BASIC_HEADERS_FLAG) == 0) return found;
  for (int i = 0; i < properties.headers.num_entries; ++i) {
    const amqp_table_entry_t& entry = properties.headers.entries[i];
    const bool is_text =
        entry.value.kind == AMQP_FIELD_KIND_UTF8 || entry.value.kind == AMQP_FIELD_KIND_BYTES;
    const std::string type = {'(', static_cast<char>(entry.value.kind), ')'};
    found.push_back({std::string(text_of(entry.key)),
                     is_text ? std::string(text_of(entry.value.value.bytes)) : type});
  }
  return found;
}

text_properties::text_properties(const std::vector<header>& headers,
                                 const std::string& message_id) {
  for (const header& each : headers) {
    amqp_table_entry_t& entry = entries_.emplace_back();
    entry.key = bytes_of(each.name);
    entry.value.kind = AMQP_FIELD_KIND_UTF8;
    entry.value.value.bytes =
        each.value.has_value() ? bytes_of(*each.value) : bytes_of(std::string_view(""));
  }
  properties_._flags = AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG;
  properties_.headers = {static_cast<int>(entries_.size()), entries_.data()};
  properties_.message_id = bytes_of(message_id);
}

}  // namespace order_pipeline

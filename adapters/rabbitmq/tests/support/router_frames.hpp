#pragma once

#include <cstdint>
#include <string_view>

#include "waybill/rabbitmq/amqp.hpp"

/// Frames as rabbitmq-c decodes them, for what takes them without a socket.
namespace waybill_test {

/// No flag, no property.
inline constexpr std::string_view no_properties{"\0\0", 2};

template <class Method>
amqp_frame_t method_frame(amqp_channel_t channel, amqp_method_number_t id, Method& fields) {
  amqp_frame_t frame{};
  frame.frame_type = AMQP_FRAME_METHOD;
  frame.channel = channel;
  frame.payload.method = {id, &fields};
  return frame;
}

/// Of a method without fields, or whose fields nobody reads.
inline amqp_frame_t method_frame(amqp_channel_t channel, amqp_method_number_t id) {
  static amqp_basic_ack_t nothing{};
  return method_frame(channel, id, nothing);
}

inline amqp_frame_t deliver_frame(amqp_channel_t channel) {
  static amqp_basic_deliver_t fields{};
  return method_frame(channel, AMQP_BASIC_DELIVER_METHOD, fields);
}

inline amqp_frame_t return_frame(amqp_channel_t channel) {
  static amqp_basic_return_t fields{};
  return method_frame(channel, AMQP_BASIC_RETURN_METHOD, fields);
}

inline amqp_frame_t get_ok_frame(amqp_channel_t channel) {
  static amqp_basic_get_ok_t fields{};
  return method_frame(channel, AMQP_BASIC_GET_OK_METHOD, fields);
}

inline amqp_frame_t header_frame(amqp_channel_t channel, std::uint64_t body_bytes,
                                 std::string_view properties = no_properties,
                                 std::uint16_t class_id = AMQP_BASIC_CLASS) {
  amqp_frame_t frame{};
  frame.frame_type = AMQP_FRAME_HEADER;
  frame.channel = channel;
  frame.payload.properties.class_id = class_id;
  frame.payload.properties.body_size = body_bytes;
  frame.payload.properties.raw = waybill::rabbitmq::bytes_of(properties);
  return frame;
}

inline amqp_frame_t body_frame(amqp_channel_t channel, std::string_view fragment) {
  amqp_frame_t frame{};
  frame.frame_type = AMQP_FRAME_BODY;
  frame.channel = channel;
  frame.payload.body_fragment = waybill::rabbitmq::bytes_of(fragment);
  return frame;
}

}  // namespace waybill_test

#include "incoming.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace waybill::inline v0::rabbitmq::detail {

namespace {

// rabbitmq-c's own size for a message.
constexpr std::size_t pool_page_bytes = 4'096;

}  // namespace

bool incoming::is_begun_by(const amqp_method_t& method) noexcept {
  return method.id == AMQP_BASIC_DELIVER_METHOD || method.id == AMQP_BASIC_RETURN_METHOD ||
         method.id == AMQP_BASIC_GET_OK_METHOD;
}

incoming::incoming(amqp_channel_t channel, const amqp_method_t& method) noexcept
    : method_(method.id) {
  amqp_envelope_t& envelope = envelope_.raw;
  init_amqp_pool(&envelope.message.pool, pool_page_bytes);
  envelope.channel = channel;
  const auto take_fields = [&](const auto& sent) {
    envelope.exchange = copy(sent.exchange);
    envelope.routing_key = copy(sent.routing_key);
    if constexpr (requires { sent.delivery_tag; }) {
      envelope.delivery_tag = sent.delivery_tag;
      envelope.redelivered = sent.redelivered;
    }
    if constexpr (requires { sent.consumer_tag; }) envelope.consumer_tag = copy(sent.consumer_tag);
    if constexpr (requires { sent.reply_code; }) {
      reply_code_ = sent.reply_code;
      reply_text_ = copy(sent.reply_text);
    }
  };
  if (method_ == AMQP_BASIC_DELIVER_METHOD) {
    take_fields(*static_cast<const amqp_basic_deliver_t*>(method.decoded));
  } else if (method_ == AMQP_BASIC_GET_OK_METHOD) {
    take_fields(*static_cast<const amqp_basic_get_ok_t*>(method.decoded));
  } else {
    take_fields(*static_cast<const amqp_basic_return_t*>(method.decoded));
  }
}

amqp_bytes_t incoming::copy(const amqp_bytes_t& bytes) noexcept {
  if (bytes.len == 0) return amqp_empty_bytes;
  void* const memory = amqp_pool_alloc(&envelope_.raw.message.pool, bytes.len);
  if (memory == nullptr) {
    is_whole_ = false;
    return amqp_empty_bytes;
  }
  std::memcpy(memory, bytes.bytes, bytes.len);
  return {bytes.len, memory};
}

incoming::progress incoming::take(const amqp_frame_t& frame) noexcept {
  if (frame.frame_type == AMQP_FRAME_HEADER) return take_header(frame);
  if (frame.frame_type == AMQP_FRAME_BODY) return take_body(frame.payload.body_fragment);
  return progress::broken;
}

/// Decodes the properties anew into the message's pool. rabbitmq-c's way to copy decoded ones
/// (amqp_basic_properties_clone, as in amqp_read_message) fails for a header whose name is empty.
incoming::progress incoming::take_header(const amqp_frame_t& frame) noexcept {
  const auto& header = frame.payload.properties;
  if (has_header_ || header.class_id != AMQP_BASIC_CLASS) return progress::broken;
  has_header_ = true;
  announced_ = header.body_size;
  const amqp_bytes_t encoded = copy(header.raw);
  void* decoded = nullptr;
  is_whole_ = is_whole_ && amqp_decode_properties(header.class_id, &envelope_.raw.message.pool,
                                                  encoded, &decoded) == AMQP_STATUS_OK;
  if (is_whole_) {
    envelope_.raw.message.properties = *static_cast<const amqp_basic_properties_t*>(decoded);
  }
  return announced_ == 0 ? progress::complete : progress::unfinished;
}

incoming::progress incoming::take_body(const amqp_bytes_t& fragment) noexcept {
  if (!has_header_ || fragment.len > announced_ - arrived_) return progress::broken;
  amqp_bytes_t& body = envelope_.raw.message.body;
  is_whole_ = is_whole_ && has_room_for(fragment.len);
  if (is_whole_ && fragment.len != 0) {
    std::memcpy(static_cast<char*>(body.bytes) + body.len, fragment.bytes, fragment.len);
    body.len += fragment.len;
  }
  arrived_ += fragment.len;
  return arrived_ == announced_ ? progress::complete : progress::unfinished;
}

/// Doubles the memory up to what is announced, so that a byte is copied a few times at most.
bool incoming::has_room_for(std::size_t bytes) noexcept {
  amqp_bytes_t& body = envelope_.raw.message.body;
  const std::size_t needed = body.len + bytes;
  if (needed <= room_) return true;
  const std::size_t wanted =
      std::max(needed, static_cast<std::size_t>(std::min<std::uint64_t>(announced_, room_ * 2)));
  // NOLINTNEXTLINE(cppcoreguidelines-no-malloc): rabbitmq-c frees it so
  void* const larger = std::realloc(body.bytes, wanted);
  if (larger == nullptr) return false;
  body.bytes = larger;
  room_ = wanted;
  return true;
}

}  // namespace waybill::inline v0::rabbitmq::detail

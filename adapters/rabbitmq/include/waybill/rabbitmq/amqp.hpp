#pragma once

// rabbitmq-c 0.12 moved its headers into a folder and warns of the old place.
#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#else
#include <amqp.h>
#endif

#include <string_view>
#include <utility>

namespace waybill::inline v0::rabbitmq {

/// The text that rabbitmq-c's type points to; empty where it points nowhere, whatever its length
/// says.
/// @par Lifetime   that of the bytes.
[[nodiscard]] inline std::string_view text_of(const amqp_bytes_t& bytes) noexcept {
  if (bytes.bytes == nullptr) return {};
  return {static_cast<const char*>(bytes.bytes), bytes.len};
}

/// A text as rabbitmq-c takes it. rabbitmq-c's type points to what may be written; its calls that
/// send only read.
/// @par Lifetime   that of the text.
[[nodiscard]] inline amqp_bytes_t bytes_of(std::string_view text) noexcept {
  return {text.size(), const_cast<char*>(text.data())};
}

namespace detail {

/// An envelope with everything that it points to: the texts are in its message's pool, but for the
/// body.
struct owned_envelope {
  owned_envelope() noexcept = default;
  owned_envelope(owned_envelope&& other) noexcept : raw(other.raw) { other.raw = {}; }
  owned_envelope& operator=(owned_envelope other) noexcept {
    std::swap(raw, other.raw);
    return *this;
  }
  ~owned_envelope() { amqp_destroy_message(&raw.message); }

  amqp_envelope_t raw{};
};

}  // namespace detail

}  // namespace waybill::inline v0::rabbitmq

// The same program with waybill around rabbitmq-c and with the same headers added by hand, on a
// real RabbitMQ: see support/end_to_end.hpp. Messages are persistent and confirmed, and no more
// than a window of them without their confirm; they are acknowledged many at a time.
#include "end_to_end.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bare_amqp.hpp"
#include "rabbitmq_broker.hpp"
#include "waybill/current.hpp"
#include "waybill/rabbitmq/connection.hpp"
#include "waybill/rabbitmq/consumer.hpp"
#include "waybill/rabbitmq/publisher.hpp"

namespace waybill_test {
namespace {

using waybill::rabbitmq::bytes_of;
using waybill::rabbitmq::text_of;

constexpr amqp_channel_t channel = 1;
constexpr std::uint64_t unconfirmed_max = 500;
constexpr std::uint16_t prefetch = 500;
constexpr std::uint64_t messages_per_ack = 100;
constexpr std::chrono::seconds patience{60};
constexpr timeval patience_of_rabbitmq_c{60, 0};

void require_ok(int status) {
  if (status != AMQP_STATUS_OK) throw std::runtime_error(amqp_error_string2(status));
}

amqp_table_entry_t entry_of(std::string_view name, std::string_view text) {
  amqp_table_entry_t entry{};
  entry.key = bytes_of(name);
  entry.value.kind = AMQP_FIELD_KIND_UTF8;
  entry.value.value.bytes = bytes_of(text);
  return entry;
}

/// The application's own properties, the same on both sides.
template <std::size_t Count>
amqp_basic_properties_t make_properties(std::array<amqp_table_entry_t, Count>& headers) {
  headers[0] = entry_of("schema-id", "17");
  headers[1] = entry_of("region", "eu-north");
  amqp_basic_properties_t properties{};
  properties._flags =
      AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_HEADERS_FLAG;
  properties.content_type = bytes_of("application/json");
  properties.delivery_mode = AMQP_DELIVERY_PERSISTENT;
  properties.headers = {static_cast<int>(headers.size()), headers.data()};
  return properties;
}

class publisher_by_hand {
 public:
  publisher_by_hand(amqp_connection_state_t state, std::uint64_t messages)
      : state_(state), is_confirmed_(messages + 1) {
    amqp_channel_open(state_, channel);
    require(amqp_get_rpc_reply(state_), "opening a channel");
    amqp_confirm_select(state_, channel);
    require(amqp_get_rpc_reply(state_), "asking for confirms");
  }

  void publish(std::string_view queue, std::string_view value) {
    std::array<amqp_table_entry_t, 5> headers;
    const amqp_basic_properties_t properties = make_properties(headers);
    headers[2] = entry_of("traceparent", traceparent);
    headers[3] = entry_of("tracestate", tracestate);
    headers[4] = entry_of("baggage", baggage);
    require_ok(amqp_basic_publish(state_, channel, amqp_empty_bytes, bytes_of(queue), 0, 0,
                                  &properties, bytes_of(value)));
    ++published_;
  }

  [[nodiscard]] std::uint64_t unconfirmed() const { return published_ - confirmed_; }

  void take_confirm() {
    amqp_maybe_release_buffers(state_);
    amqp_frame_t frame{};
    timeval wait = patience_of_rabbitmq_c;
    require_ok(amqp_simple_wait_frame_noblock(state_, &frame, &wait));
    if (frame.frame_type != AMQP_FRAME_METHOD || frame.payload.method.id != AMQP_BASIC_ACK_METHOD) {
      throw std::runtime_error("the broker sent something that is no confirm");
    }
    const auto& ack = *static_cast<const amqp_basic_ack_t*>(frame.payload.method.decoded);
    if (ack.multiple == 0) {
      confirm(ack.delivery_tag);
      return;
    }
    for (; all_confirmed_below_ <= ack.delivery_tag; ++all_confirmed_below_) {
      confirm(all_confirmed_below_);
    }
  }

 private:
  void confirm(std::uint64_t tag) {
    if (is_confirmed_.at(tag)) return;
    is_confirmed_[tag] = true;
    ++confirmed_;
  }

  amqp_connection_state_t state_;
  std::vector<bool> is_confirmed_;
  std::uint64_t all_confirmed_below_ = 1;  // delivery tags count from 1
  std::uint64_t published_ = 0;
  std::uint64_t confirmed_ = 0;
};

void publish_wrapped(waybill::rabbitmq::publisher& publisher, std::string_view queue,
                     std::string_view value) {
  std::array<amqp_table_entry_t, 2> headers;
  const amqp_basic_properties_t properties = make_properties(headers);
  require_ok(
      publisher.publish({.routing_key = queue, .payload = value, .properties = &properties}));
}

/// The next message's delivery tag.
std::uint64_t take_by_hand(amqp_connection_state_t state) {
  amqp_maybe_release_buffers(state);
  amqp_envelope_t envelope{};
  timeval wait = patience_of_rabbitmq_c;
  require(amqp_consume_message(state, &envelope, &wait, 0), "receiving");
  kept_values kept;
  const amqp_table_t& headers = envelope.message.properties.headers;
  for (int i = 0; i < headers.num_entries; ++i) {
    const amqp_table_entry_t& each = headers.entries[i];
    if (each.value.kind != AMQP_FIELD_KIND_UTF8) continue;
    kept.look_at(text_of(each.key), text_of(each.value.value.bytes));
  }
  const std::uint64_t tag = envelope.delivery_tag;
  amqp_destroy_envelope(&envelope);
  if (!kept.is_complete()) throw std::runtime_error("a message came without its fields");
  return tag;
}

class end_to_end {
 public:
  explicit end_to_end(const load& each) : load_(each), value_(each.value_bytes, 'v') {
    bare_amqp(broker_.address()).declare_queue(queue_);
  }

  cost send(bool is_wrapped) {
    const unique_amqp state = open_amqp(broker_.address());
    const cost took = is_wrapped ? send_wrapped(state.get()) : send_by_hand(state.get());
    amqp_connection_close(state.get(), AMQP_REPLY_SUCCESS);
    return took;
  }

  cost receive(bool is_wrapped) {
    const unique_amqp state = open_amqp(broker_.address());
    const cost took = is_wrapped ? receive_wrapped(state.get()) : receive_by_hand(state.get());
    // Acknowledgements that are on their way come before the close.
    amqp_connection_close(state.get(), AMQP_REPLY_SUCCESS);
    return took;
  }

 private:
  [[nodiscard]] cost send_by_hand(amqp_connection_state_t state) const {
    publisher_by_hand publisher(state, load_.messages);
    const meter running;
    for (std::uint64_t i = 0; i < load_.messages; ++i) {
      while (publisher.unconfirmed() >= unconfirmed_max) publisher.take_confirm();
      publisher.publish(queue_, value_);
    }
    while (publisher.unconfirmed() != 0) publisher.take_confirm();
    return running.so_far();
  }

  [[nodiscard]] cost send_wrapped(amqp_connection_state_t state) const {
    std::uint64_t succeeded = 0;
    waybill::rabbitmq::connection connection(state);
    waybill::rabbitmq::publisher publisher(
        connection, {}, [&](const waybill::rabbitmq::delivery_report& report) {
          if (report.outcome == waybill::outcome_state::succeeded) ++succeeded;
        });
    const waybill::scope active(context_);
    const meter running;
    for (std::uint64_t i = 0; i < load_.messages; ++i) {
      while (publisher.in_flight() >= unconfirmed_max) require_ok(connection.pump(patience));
      publish_wrapped(publisher, queue_, value_);
    }
    require_ok(publisher.wait_for_confirms(patience));
    const cost took = running.so_far();
    if (succeeded != load_.messages) throw std::runtime_error("not all messages were confirmed");
    return took;
  }

  [[nodiscard]] bool is_time_to_ack(std::uint64_t index) const {
    return index % messages_per_ack == messages_per_ack - 1 || index == load_.messages - 1;
  }

  [[nodiscard]] cost receive_by_hand(amqp_connection_state_t state) const {
    amqp_channel_open(state, channel);
    require(amqp_get_rpc_reply(state), "opening a channel");
    const meter running;
    amqp_basic_qos(state, channel, 0, prefetch, 0);
    require(amqp_get_rpc_reply(state), "setting the prefetch");
    amqp_basic_consume(state, channel, bytes_of(queue_), amqp_empty_bytes, 0, 0, 0,
                       amqp_empty_table);
    require(amqp_get_rpc_reply(state), "consuming");
    for (std::uint64_t i = 0; i < load_.messages; ++i) {
      const std::uint64_t tag = take_by_hand(state);
      if (is_time_to_ack(i)) require_ok(amqp_basic_ack(state, channel, tag, 1));
    }
    return running.so_far();
  }

  [[nodiscard]] cost receive_wrapped(amqp_connection_state_t state) const {
    waybill::rabbitmq::connection connection(state);
    waybill::rabbitmq::consumer consumer(
        connection, queue_, {},
        {.settle = waybill::rabbitmq::settle_mode::none, .prefetch = prefetch});
    const meter running;
    require_ok(consumer.start());
    for (std::uint64_t i = 0; i < load_.messages; ++i) {
      waybill::rabbitmq::message received = consumer.receive(patience);
      if (!received || !is_complete(received.context())) {
        throw std::runtime_error("a message did not come, or without its fields");
      }
      if (is_time_to_ack(i)) require_ok(consumer.ack(received, true));
    }
    return running.so_far();
  }

  rabbitmq_broker broker_;
  std::string queue_ = unique_queue("end-to-end");
  load load_;
  std::string value_;
  waybill::context context_ = sent_context();
};

}  // namespace
}  // namespace waybill_test

int main(int argc, char** argv) {
  return waybill_test::end_to_end_main<waybill_test::end_to_end>(argc, argv);
}

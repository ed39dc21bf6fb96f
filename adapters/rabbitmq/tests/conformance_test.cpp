// The invariants that hold for every adapter, on RabbitMQ.
#include "conformance/conformance.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/scripted_server.hpp"
#include "support/tables.hpp"
#include "waybill/rabbitmq/consumer.hpp"
#include "waybill/rabbitmq/publisher.hpp"

namespace waybill_test {

namespace {

using waybill::rabbitmq::bytes_of;
using waybill::rabbitmq::text_of;

void fill(own_table& table, const std::vector<wire_header>& headers) {
  for (const wire_header& each : headers) {
    if (each.value.has_value()) {
      table.add(each.name, *each.value);
    } else {
      table.add(each.name, void_value());
    }
  }
}

wire_message to_wire(const amqp_basic_properties_t& properties, std::string_view payload) {
  wire_message message;
  for (const auto& each : waybill::rabbitmq::entries_of(properties)) {
    wire_header& header = message.headers.emplace_back();
    header.name = text_of(each.key);
    if (each.value.kind != AMQP_FIELD_KIND_VOID) header.value = text_of(each.value.value.bytes);
  }
  message.payload = payload;
  return message;
}

}  // namespace

/// What is sent goes to a server that keeps it unconfirmed until its outcomes are asked for; what
/// is received comes from that server.
class rabbitmq_driver {
 public:
  static constexpr const char* destination = "orders";
  static constexpr bool has_null_values = true;
  static constexpr bool has_null_payloads = false;
  static constexpr bool has_empty_names = true;
  static constexpr bool has_duplicates = true;

  explicit rabbitmq_driver(waybill::propagation settings)
      : settings_(std::move(settings)), connection_(link_.raw()) {
    link_.server().send_channel(channel, true);
    publisher_ = std::make_unique<waybill::rabbitmq::publisher>(
        connection_, settings_, [this](const waybill::rabbitmq::delivery_report& report) {
          told_.push_back({report.outcome, report.user_data});
        });
    static_cast<void>(link_.server().frames());
  }

  std::optional<wire_message> send(const wire_message& message,
                                   const waybill::send_options& options = {}) {
    own_table table;
    fill(table, message.headers);
    const bool has_headers = !message.headers.empty();
    const int status =
        publisher_->publish({.routing_key = destination,
                             .payload = message.payload.value_or(""),
                             .properties = has_headers ? &table.properties() : nullptr},
                            options);
    const auto frames = link_.server().frames();
    if (status != AMQP_STATUS_OK) {
      EXPECT_TRUE(frames.empty());
      return std::nullopt;
    }
    return decoded(frames);
  }

  received_message receive(const wire_message& message, bool strips = true) {
    const waybill::rabbitmq::message got = received(message, strips);
    return {to_wire(got.properties(), got.payload()), got.extraction()};
  }

  std::vector<told_outcome> outcomes() {
    link_.server().send(ack_bytes(channel, 0, true));
    static_cast<void>(publisher_->wait_for_confirms(scripted_server::patience));
    return std::exchange(told_, {});
  }

 private:
  static constexpr amqp_channel_t channel = 2'047;

  /// Of basic.publish, a header frame and the bodies.
  static wire_message decoded(const std::vector<client_frame>& frames) {
    constexpr std::size_t bytes_before_properties = 12;
    std::string payload;
    for (std::size_t i = 2; i < frames.size(); ++i) payload += frames[i].payload;
    amqp_pool_t pool{};
    init_amqp_pool(&pool, 4'096);
    const std::string_view encoded =
        std::string_view(frames.at(1).payload).substr(bytes_before_properties);
    void* properties = nullptr;
    if (amqp_decode_properties(AMQP_BASIC_CLASS, &pool, bytes_of(encoded), &properties) < 0) {
      throw std::runtime_error("the properties cannot be decoded");
    }
    wire_message message =
        to_wire(*static_cast<const amqp_basic_properties_t*>(properties), payload);
    empty_amqp_pool(&pool);
    return message;
  }

  /// By a consumer of its own, on a channel that closes with it.
  waybill::rabbitmq::message received(const wire_message& message, bool strips) {
    constexpr amqp_channel_t next = channel - 1;
    scripted_server& server = link_.server();
    own_table table;
    fill(table, message.headers);
    server.send_channel(next);
    server.send_consuming(next);
    waybill::rabbitmq::message got;
    {
      waybill::rabbitmq::consumer consumer(connection_, destination, settings_, {.strip = strips});
      if (consumer.start() != AMQP_STATUS_OK) throw std::runtime_error("no consumer");
      server.send(deliver_bytes(next, 1) +
                  content_bytes(next, message.payload.value_or(""), table.properties()));
      got = consumer.receive(scripted_server::patience);
    }
    if (!got) throw std::runtime_error("a message did not arrive");
    server.send(close_ok_bytes(next));
    static_cast<void>(connection_.pump(scripted_server::patience));
    static_cast<void>(server.frames());
    return got;
  }

  waybill::propagation settings_;
  std::vector<told_outcome> told_;
  scripted_connection link_;
  waybill::rabbitmq::connection connection_;
  std::unique_ptr<waybill::rabbitmq::publisher> publisher_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(rabbitmq, conformance, rabbitmq_driver);

}  // namespace waybill_test

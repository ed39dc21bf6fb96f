#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "bare_amqp.hpp"
#include "numbered_context.hpp"
#include "numbered_message.hpp"
#include "shared_rabbitmq.hpp"
#include "tables.hpp"
#include "waybill/rabbitmq/connection.hpp"
#include "waybill/rabbitmq/consumer.hpp"
#include "waybill/rabbitmq/publisher.hpp"

namespace waybill_test {

/// For what comes soon, unless something is wrong.
inline constexpr std::chrono::milliseconds patience{30'000};

inline waybill::rabbitmq::connection_parameters parameters_of(const amqp_address& address,
                                                              int frame_bytes_max = 131'072) {
  waybill::rabbitmq::connection_parameters where;
  where.host = address.host;
  where.port = address.port;
  where.frame_bytes_max = frame_bytes_max;
  return where;
}

/// Adds what a publisher of waybill adds for a context, in its order.
inline void add_fields(header_table& headers, const waybill::context& context) {
  headers.add("traceparent", traceparent_of(context));
  headers.add("tracestate", context.tracestate_text());
  headers.add("baggage", context.baggage_text());
}

/// The payload of a message that nobody keeps.
inline std::string payload_in(const waybill::rabbitmq::message& received) {
  return std::string(received.payload());
}

/// A test on a broker that it shares with others.
class rabbitmq_test : public testing::Test {
 protected:
  rabbitmq_test() { EXPECT_TRUE(connection_.is_open()) << connection_.reason().reply_text; }

  std::string new_queue(const amqp_arguments& arguments = {}) {
    std::string queue = unique_queue("waybill");
    bare_.declare_queue(queue, arguments);
    return queue;
  }
  /// The next message; fails when none comes.
  static waybill::rabbitmq::message next(waybill::rabbitmq::consumer& from) {
    waybill::rabbitmq::message received = from.receive(patience);
    EXPECT_TRUE(received) << from.reason().reply_text;
    return received;
  }
  /// Keeps the outcomes that a publisher reports, in their order.
  waybill::rabbitmq::delivery_listener keep() {
    return [this](const waybill::rabbitmq::delivery_report& report) {
      outcomes_.push_back({report.outcome, report.reply_code, report.delivery_tag, report.user_data,
                           report.sent, std::string(report.reply_text)});
    };
  }

  struct kept_outcome {
    waybill::outcome_state outcome;
    int reply_code;
    std::uint64_t delivery_tag;
    void* user_data;
    waybill::span_context sent;
    std::string reply_text;
  };

  bare_amqp bare_{shared_rabbitmq()};
  waybill::rabbitmq::connection connection_ =
      waybill::rabbitmq::connection::open(parameters_of(shared_rabbitmq()));
  std::vector<kept_outcome> outcomes_;
};

}  // namespace waybill_test

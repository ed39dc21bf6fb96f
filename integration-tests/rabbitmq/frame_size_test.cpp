// Headers near the connection's frame_max: what does not fit is left out, and the connection lives.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "support/rabbitmq_test.hpp"
#include "support/seen_by_pika.hpp"
#include "waybill/rabbitmq/outgoing_properties.hpp"

namespace waybill_test {
namespace {

constexpr int frame_bytes_max = 4096;  // the least that AMQP allows

class frame_size : public rabbitmq_test {
 protected:
  frame_size() { EXPECT_TRUE(small_.is_open()); }

  /// Publishes a message whose own header frame has so many bytes, and answers what came of it.
  std::optional<bare_amqp_message> pass(std::size_t own_bytes, int& status) {
    header_table empty;
    empty.add("filler", "");
    const std::size_t least = *waybill::rabbitmq::header_frame_bytes(empty.properties());
    header_table headers;
    headers.add("filler", std::string(own_bytes - least, 'f'));
    const amqp_basic_properties_t properties = headers.properties();
    EXPECT_EQ(waybill::rabbitmq::header_frame_bytes(properties), own_bytes);
    status =
        publisher_.publish({.routing_key = queue_, .payload = "body", .properties = &properties},
                           {.context = &context_});
    EXPECT_EQ(publisher_.wait_for_confirms(patience), AMQP_STATUS_OK)
        << "the connection is lost: " << small_.reason().reply_text;
    return bare_.get(queue_);
  }

  waybill::rabbitmq::connection small_ =
      waybill::rabbitmq::connection::open(parameters_of(shared_rabbitmq(), frame_bytes_max));
  std::string queue_ = new_queue();
  waybill::context context_ = context_of(1);
  waybill::span_context told_;  // of the last message that was confirmed
  waybill::rabbitmq::publisher publisher_{
      small_, {}, [this](const waybill::rabbitmq::delivery_report& confirmed) {
        told_ = confirmed.sent;
      }};
};

TEST_F(frame_size, that_is_short_costs_baggage_first_then_tracestate_then_traceparent) {
  std::size_t parts_before = 3;
  for (std::size_t own_bytes = 3700; own_bytes <= frame_bytes_max; ++own_bytes) {
    int status = 0;
    const auto came = pass(own_bytes, status);
    ASSERT_EQ(status, AMQP_STATUS_OK) << own_bytes;
    ASSERT_TRUE(came) << own_bytes;
    const std::size_t parts =
        came->count("traceparent") + came->count("tracestate") + came->count("baggage");
    ASSERT_EQ(came->count("traceparent"), parts >= 1 ? 1U : 0U);
    ASSERT_EQ(told_, parts >= 1 ? context_.span_context() : waybill::span_context()) << own_bytes;
    ASSERT_EQ(came->count("tracestate"), parts >= 2 ? 1U : 0U);
    ASSERT_LE(parts, parts_before);
    parts_before = parts;
  }
  EXPECT_EQ(parts_before, 0U) << "a message fills the frame alone";
}

TEST_F(frame_size, that_is_too_large_without_fields_is_refused_before_anything_is_sent) {
  int status = 0;
  EXPECT_FALSE(pass(frame_bytes_max + 1, status));
  EXPECT_EQ(status, AMQP_STATUS_TABLE_TOO_BIG);
  EXPECT_TRUE(pass(1000, status)) << "the connection is as it was";

  const std::string long_text(300, 'x');
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_MESSAGE_ID_FLAG;
  properties.message_id = waybill::rabbitmq::bytes_of(long_text);
  EXPECT_EQ(publisher_.publish({.routing_key = queue_, .properties = &properties}),
            AMQP_STATUS_BAD_AMQP_DATA);
  EXPECT_EQ(publisher_.publish({.routing_key = long_text}), AMQP_STATUS_INVALID_PARAMETER);
  header_table headers;
  headers.add(long_text, "a name of 300 bytes");
  properties = headers.properties();
  EXPECT_EQ(publisher_.publish({.routing_key = queue_, .properties = &properties}),
            AMQP_STATUS_TABLE_TOO_BIG);
  EXPECT_TRUE(pass(1000, status));
}

/// Headers in which tables stand within each other.
class nested_headers {
 public:
  explicit nested_headers(int depth) : levels_(static_cast<std::size_t>(depth) + 1) {
    levels_[0].key = amqp_cstring_bytes("leaf");
    levels_[0].value.kind = AMQP_FIELD_KIND_I32;
    for (std::size_t i = 1; i < levels_.size(); ++i) {
      levels_[i].key = amqp_cstring_bytes("t");
      levels_[i].value.kind = AMQP_FIELD_KIND_TABLE;
      levels_[i].value.value.table = {1, &levels_[i - 1]};
    }
    properties_._flags = AMQP_BASIC_HEADERS_FLAG;
    properties_.headers = {1, &levels_.back()};
  }
  [[nodiscard]] const amqp_basic_properties_t& properties() const { return properties_; }

 private:
  std::vector<amqp_table_entry_t> levels_;
  amqp_basic_properties_t properties_{};
};

TEST_F(frame_size, that_is_not_measured_since_tables_are_deep_costs_the_fields_and_nothing_else) {
  const std::string bare_queue = new_queue();
  std::vector<int> depths;
  // 7 bytes for each table: 500 are within the frame, and 600 are not.
  for (const auto& [depth, expected] :
       {std::pair{63, AMQP_STATUS_OK}, std::pair{65, AMQP_STATUS_OK},
        std::pair{500, AMQP_STATUS_OK}, std::pair{600, AMQP_STATUS_TABLE_TOO_BIG}}) {
    const nested_headers headers(depth);
    EXPECT_EQ(publisher_.publish({.routing_key = queue_, .properties = &headers.properties()},
                                 {.context = &context_}),
              expected)
        << depth;
    ASSERT_EQ(publisher_.wait_for_confirms(patience), AMQP_STATUS_OK) << small_.reason().reply_text;
    if (expected != AMQP_STATUS_OK) continue;
    EXPECT_EQ(told_, depth <= 64 ? context_.span_context() : waybill::span_context()) << depth;
    depths.push_back(depth);
    header_table same;
    same.add("t", headers.properties().headers.entries[0].value);
    if (depth <= 64) add_fields(same, context_);
    const amqp_basic_properties_t properties = same.properties();
    bare_.publish("", bare_queue, "", &properties);
  }
  // Not by rabbitmq-c: from 0.14 on it reads no tables deeper than 100.
  const std::vector<nlohmann::json> came = seen_by_pika(queue_);
  const std::vector<nlohmann::json> bare = seen_by_pika(bare_queue);
  ASSERT_EQ(came.size(), depths.size());
  ASSERT_EQ(bare.size(), depths.size());
  for (std::size_t i = 0; i < depths.size(); ++i) {
    EXPECT_EQ(came[i], bare[i]) << depths[i];
    EXPECT_EQ(came[i]["headers"].size(), depths[i] <= 64 ? 4U : 1U) << depths[i];
    const auto nested = came[i]["headers"]["t"].get<std::string>();
    EXPECT_EQ(std::ranges::count(nested, '{'), depths[i]);
  }
}

}  // namespace
}  // namespace waybill_test

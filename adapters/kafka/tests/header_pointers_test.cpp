// Whoever got a message's header list before the context was taken off may go on reading it as long
// as the message lives: other clients, such as cppkafka, keep that pointer.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "support/receiving.hpp"
#include "waybill/kafka/carrier.hpp"

namespace {

using waybill_test::bare_headers;
using waybill_test::headers_of;
using waybill_test::owned_message;
using waybill_test::traceparent_a;
using waybill_test::traceparent_text;
using waybill_test::without_fields;

const std::string a(traceparent_a);

/// So many fields, all at the end.
bare_headers with_fields(std::size_t count) {
  return bare_headers{{"own", "1"}, {"null", std::nullopt}, {"own", "2"}} +
         bare_headers(count - 1, {"baggage", "k=v"}) + bare_headers{{"traceparent", a}};
}

/// Fields and others in turn: librdkafka would take too long to remove the fields.
const bare_headers& hostile() {
  static const bare_headers headers = [] {
    bare_headers made;
    for (int i = 0; i < 49'999; ++i) {
      made.push_back({"own", ""});
      made.push_back({"baggage", ""});
    }
    made.push_back({"traceparent", a});
    return made;
  }();
  return headers;
}

/// What cppkafka's Message does: gets the list when it is made, and shows it for as long as it
/// lives.
struct foreign_message {
  owned_message handle;
  rd_kafka_headers_t* list = nullptr;

  explicit foreign_message(owned_message came) : handle(std::move(came)) {
    EXPECT_EQ(rd_kafka_message_headers(handle.get(), &list), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  [[nodiscard]] bare_headers shown() const { return headers_of(list); }
};

struct kafka_header_pointer : waybill_test::kafka_receiving {
  static constexpr std::size_t counts[] = {3, 17, 2'000, 99'990};

  void send_counts() const {
    for (const std::size_t count : counts) cluster.send(with_fields(count));
  }
  [[nodiscard]] foreign_message next() {
    if (client == nullptr) connect();
    return foreign_message(waybill_test::receive(client.get()));
  }
  static void expect_stripped(const foreign_message& message, std::size_t count) {
    EXPECT_EQ(message.shown(), without_fields(with_fields(count))) << count;
    rd_kafka_headers_t* now = nullptr;
    EXPECT_EQ(rd_kafka_message_headers(message.handle.get(), &now), RD_KAFKA_RESP_ERR_NO_ERROR);
    EXPECT_EQ(now, message.list) << count;
  }
};

TEST_F(kafka_header_pointer, stays_good_when_the_context_is_stripped) {
  send_counts();
  for (const std::size_t count : counts) {
    const foreign_message message = next();
    EXPECT_EQ(waybill::kafka::strip(*message.handle, settings()), waybill::errc::ok);
    expect_stripped(message, count);
  }
}

TEST_F(kafka_header_pointer, stays_good_when_the_context_is_taken) {
  send_counts();
  for (const std::size_t count : counts) {
    const foreign_message message = next();
    EXPECT_EQ(traceparent_text(waybill::kafka::take(*message.handle, settings()).context()), a);
    expect_stripped(message, count);
  }
}

TEST_F(kafka_header_pointer, stays_good_when_a_list_is_taken_from) {
  send_counts();
  for (const std::size_t count : counts) {
    const foreign_message message = next();
    EXPECT_EQ(waybill::kafka::strip(message.list, settings(), topic), waybill::errc::ok);
    expect_stripped(message, count);
  }
}

TEST_F(kafka_header_pointer, stays_good_when_the_message_is_adopted_and_when_that_is_over) {
  send_counts();
  for (const std::size_t count : counts) {
    const foreign_message message = next();
    {
      waybill::kafka::message adopted = receiver->adopt(*message.handle);
      EXPECT_EQ(traceparent_text(adopted.context()), a);
      EXPECT_EQ(adopted.headers(), message.list);
      expect_stripped(message, count);
      EXPECT_EQ(receiver->handle(adopted, [](waybill::kafka::message&) {}),
                RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    expect_stripped(message, count);
  }
}

TEST_F(kafka_header_pointer, of_a_hostile_message_stays_good_when_it_is_adopted) {
  cluster.send(hostile());
  const foreign_message message = next();
  {
    waybill::kafka::message adopted = receiver->adopt(*message.handle);
    EXPECT_EQ(traceparent_text(adopted.context()), a);
    EXPECT_TRUE(headers_of(adopted.headers()) == without_fields(hostile()));
    EXPECT_TRUE(message.shown() == hostile());
    const waybill::kafka::message moved(std::move(adopted));
    EXPECT_TRUE(headers_of(moved.headers()) == without_fields(hostile()));
    EXPECT_TRUE(message.shown() == hostile());
  }
  // Its owner's list is back in the message that it was lent from.
  EXPECT_TRUE(message.shown() == hostile());
  EXPECT_TRUE(headers_of(*message.handle) == hostile());
}

}  // namespace

// C++ clients such as cppkafka look a message's header list up when they get it, keep the pointer
// and read from it later: by then its context may have been taken off.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/clients.hpp"
#include "support/contexts.hpp"
#include "support/kafka_test.hpp"
#include "waybill/kafka/carrier.hpp"

namespace waybill_test {
namespace {

// cppkafka::Message, as far as headers go.
class holder {
 public:
  explicit holder(rd_kafka_message_t* message) : message_(message) {
    if (message_ != nullptr) rd_kafka_message_headers(message_.get(), &list_);
  }

  [[nodiscard]] rd_kafka_message_t& message() const { return *message_; }
  [[nodiscard]] const rd_kafka_headers_t* list() const { return list_; }
  [[nodiscard]] std::vector<bare_header> headers() const {
    std::vector<bare_header> all;
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t bytes = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(list_, i, &name, &value, &bytes) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      bare_header& header = all.emplace_back(bare_header{name, std::nullopt});
      if (value != nullptr) header.value.emplace(static_cast<const char*>(value), bytes);
    }
    return all;
  }

 private:
  kafka_message message_;
  rd_kafka_headers_t* list_ = nullptr;
};

const std::vector<bare_header> application = {
    {"app", "1"}, {"null", std::nullopt}, {"app", "2"}, {"bytes", std::string("\0\xff", 2)}};

class held_headers : public kafka_test {
 protected:
  // A message on its way round a retry loop: fields between the application's headers.
  static std::vector<bare_header> sent_headers() {
    return {{"traceparent", traceparent_of(1)},
            application[0],
            {"tracestate", "t=1"},
            application[1],
            {"Traceparent", traceparent_of(2)},
            application[2],
            {"traceparent", traceparent_of(3)},
            {"baggage", "b=3"},
            application[3]};
  }
  [[nodiscard]] std::string topic_with(const std::vector<bare_header>& headers) {
    std::string topic = new_topic();
    bare_producer(bootstrap()).produce(topic, {"key", "value", headers});
    return topic;
  }
  static holder next(rd_kafka_t* client) {
    return holder(rd_kafka_consumer_poll(client, patience_milliseconds));
  }
};

TEST_F(held_headers, are_the_applications_after_the_context_was_taken) {
  waybill_consumer consumer(bootstrap(), topic_with(sent_headers()));
  const holder held = next(consumer.handle());
  ASSERT_EQ(held.headers(), sent_headers());
  const rd_kafka_headers_t* before = held.list();

  const waybill::extraction taken = waybill::kafka::take(held.message(), waybill::propagation());
  EXPECT_EQ(taken.context(), make_context(3, "t=1", "b=3"));
  EXPECT_EQ(held.headers(), application);
  EXPECT_EQ(headers_of(held.message()), application);
  rd_kafka_headers_t* now = nullptr;
  ASSERT_EQ(rd_kafka_message_headers(&held.message(), &now), RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_EQ(now, before) << "the list is the same";
}

TEST_F(held_headers, are_the_applications_after_the_message_was_adopted) {
  waybill_consumer consumer(bootstrap(), topic_with(sent_headers()));
  const holder held = next(consumer.handle());
  const waybill::kafka::message adopted = consumer.consumer().adopt(held.message());
  EXPECT_EQ(adopted.context(), make_context(3, "t=1", "b=3"));
  EXPECT_EQ(held.headers(), application);
  EXPECT_EQ(adopted.headers(), held.list());
}

TEST_F(held_headers, that_were_only_fields_are_an_empty_list) {
  waybill_consumer consumer(bootstrap(), topic_with(on_wire({}, make_context(1, "t=1", "b=1"))));
  const holder held = next(consumer.handle());
  ASSERT_EQ(held.headers().size(), 3U);
  EXPECT_EQ(waybill::kafka::take(held.message(), waybill::propagation()).context(),
            make_context(1, "t=1", "b=1"));
  EXPECT_NE(held.list(), nullptr);
  EXPECT_TRUE(held.headers().empty());
}

// So many fields that librdkafka would take long to remove them one by one: they stay where take()
// is called, and a wrapper gives the message another list. What was held can be read in any case.
TEST_F(held_headers, of_a_hostile_message_can_be_read_as_long_as_the_message) {
  constexpr std::size_t fields = 3'000;
  std::vector<bare_header> sent = {application[0]};
  std::vector<bare_header> own = {application[0]};
  for (std::size_t i = 1; i <= fields; ++i) {
    sent.push_back({"traceparent", traceparent_of(i)});
    sent.push_back(application[2]);  // moved by each field in front of it
    own.push_back(application[2]);
  }
  const std::string topic = topic_with(sent);

  waybill_consumer consumer(bootstrap(), topic);
  const holder held = next(consumer.handle());
  ASSERT_EQ(held.headers(), sent);
  EXPECT_EQ(waybill::kafka::take(held.message(), consumer.consumer().propagation()).context(),
            make_context(fields));
  EXPECT_EQ(held.headers(), sent);
  EXPECT_EQ(consumer.consumer().propagation().diagnostics()->count(waybill::direction::inbound,
                                                                   waybill::errc::too_many_fields),
            1U);
  {
    const waybill::kafka::message adopted = consumer.consumer().adopt(held.message());
    EXPECT_EQ(adopted.context(), make_context(fields));
    EXPECT_EQ(seen_headers(adopted), own);
    EXPECT_EQ(held.headers(), sent);
  }
}

}  // namespace
}  // namespace waybill_test

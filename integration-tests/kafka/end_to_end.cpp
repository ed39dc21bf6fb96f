// The same program with waybill around librdkafka and with the same headers added by hand, on a
// real Apache Kafka: see support/end_to_end.hpp.
#include "end_to_end.hpp"

#include <librdkafka/rdkafka.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "bare_kafka.hpp"
#include "kafka_broker.hpp"
#include "waybill/current.hpp"
#include "waybill/kafka/consumer.hpp"
#include "waybill/kafka/producer.hpp"

namespace waybill_test {
namespace {

constexpr std::string_view key = "customer-4711";
constexpr int patience_milliseconds = 60'000;

void add_header(rd_kafka_headers_t* list, std::string_view name, std::string_view text) {
  rd_kafka_header_add(list, name.data(), static_cast<ssize_t>(name.size()), text.data(),
                      static_cast<ssize_t>(text.size()));
}

/// The application's own headers, the same on both sides.
rd_kafka_headers_t* make_own_headers() {
  rd_kafka_headers_t* list = rd_kafka_headers_new(8);
  add_header(list, "content-type", "application/json");
  add_header(list, "schema-id", "17");
  return list;
}

rd_kafka_resp_err_t produce_by_hand(rd_kafka_t* client, const std::string& topic,
                                    const std::string& value) {
  rd_kafka_headers_t* list = make_own_headers();
  add_header(list, "traceparent", traceparent);
  add_header(list, "tracestate", tracestate);
  add_header(list, "baggage", baggage);
  // librdkafka takes the payload as void* because RD_KAFKA_MSG_F_FREE frees it.
  const rd_kafka_resp_err_t error = rd_kafka_producev(
      client, RD_KAFKA_VTYPE_TOPIC, topic.c_str(), RD_KAFKA_VTYPE_MSGFLAGS, RD_KAFKA_MSG_F_COPY,
      RD_KAFKA_VTYPE_VALUE, const_cast<char*>(value.data()), value.size(), RD_KAFKA_VTYPE_KEY,
      key.data(), key.size(), RD_KAFKA_VTYPE_HEADERS, list, RD_KAFKA_VTYPE_END);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_headers_destroy(list);
  return error;
}

rd_kafka_resp_err_t produce_wrapped(waybill::kafka::producer& producer, const std::string& topic,
                                    const std::string& value) {
  rd_kafka_headers_t* list = make_own_headers();
  const rd_kafka_resp_err_t error =
      producer.produce({.topic = topic.c_str(), .payload = value, .key = key, .headers = list});
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_headers_destroy(list);
  return error;
}

bool poll_by_hand(rd_kafka_t* client) {
  const kafka_message message(rd_kafka_consumer_poll(client, patience_milliseconds));
  if (message == nullptr || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
  rd_kafka_headers_t* list = nullptr;
  if (rd_kafka_message_headers(message.get(), &list) != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
  std::array<std::string, 3> kept;
  std::size_t found = 0;
  for (const char* name : {"traceparent", "tracestate", "baggage"}) {
    const void* text = nullptr;
    std::size_t bytes = 0;
    if (rd_kafka_header_get_last(list, name, &text, &bytes) != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    kept[found++].assign(static_cast<const char*>(text), bytes);
  }
  return found == kept.size();
}

bool poll_wrapped(waybill::kafka::consumer& consumer) {
  const waybill::kafka::message received =
      consumer.poll(std::chrono::milliseconds(patience_milliseconds));
  return received.is_message() && is_complete(received.context());
}

class end_to_end {
 public:
  explicit end_to_end(const load& each)
      : value_(each.value_bytes, 'v'), messages_(static_cast<std::int64_t>(each.messages)) {
    broker_.create_topic(topic_);
  }

  cost send(bool is_wrapped) {
    const std::string whole = std::to_string(messages_ + 1);
    // Both programs learn what became of their messages from the callback they have always had.
    const kafka_handle client = make_kafka_handle(
        RD_KAFKA_PRODUCER, broker_.bootstrap(),
        {{"queue.buffering.max.messages", whole}, {"queue.buffering.max.kbytes", "1048576"}},
        [](rd_kafka_conf_t* conf) {
          rd_kafka_conf_set_dr_msg_cb(conf,
                                      [](rd_kafka_t*, const rd_kafka_message_t* message, void*) {
                                        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
                                          std::terminate();
                                      });
        });
    learn_topic(client.get());
    waybill::kafka::producer producer(client.get(), waybill::propagation());
    const waybill::scope active(context_);
    const meter running;
    for (std::int64_t i = 0; i < messages_; ++i) {
      const rd_kafka_resp_err_t error = is_wrapped ? produce_wrapped(producer, topic_, value_)
                                                   : produce_by_hand(client.get(), topic_, value_);
      if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(error));
    }
    if (rd_kafka_flush(client.get(), patience_milliseconds) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      throw std::runtime_error("not all messages were answered for");
    }
    return running.so_far();
  }

  cost receive(bool is_wrapped) {
    const kafka_handle client =
        make_kafka_handle(RD_KAFKA_CONSUMER, broker_.bootstrap(),
                          {{"group.id", "end-to-end"}, {"enable.auto.commit", "false"}});
    learn_topic(client.get());
    waybill::kafka::consumer consumer(client.get(), waybill::propagation());
    const std::unique_ptr<rd_kafka_topic_partition_list_t,
                          decltype(&rd_kafka_topic_partition_list_destroy)>
        partition(rd_kafka_topic_partition_list_new(1), &rd_kafka_topic_partition_list_destroy);
    rd_kafka_topic_partition_list_add(partition.get(), topic_.c_str(), 0)->offset = first_offset_;
    const meter running;
    rd_kafka_assign(client.get(), partition.get());
    for (std::int64_t i = 0; i < messages_; ++i) {
      if (!(is_wrapped ? poll_wrapped(consumer) : poll_by_hand(client.get()))) {
        throw std::runtime_error("a message did not come, or without its fields");
      }
    }
    const cost took = running.so_far();
    rd_kafka_consumer_close(client.get());
    first_offset_ += messages_;
    return took;
  }

 private:
  /// Connecting is no part of what is measured.
  void learn_topic(rd_kafka_t* client) const {
    const std::unique_ptr<rd_kafka_topic_t, decltype(&rd_kafka_topic_destroy)> topic(
        rd_kafka_topic_new(client, topic_.c_str(), nullptr), &rd_kafka_topic_destroy);
    const rd_kafka_metadata_t* data = nullptr;
    const rd_kafka_resp_err_t error =
        rd_kafka_metadata(client, 0, topic.get(), &data, patience_milliseconds);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(error));
    rd_kafka_metadata_destroy(data);
  }

  kafka_broker broker_;
  std::string topic_ = unique_topic("end-to-end");
  std::string value_;
  std::int64_t messages_;
  std::int64_t first_offset_ = 0;
  waybill::context context_ = sent_context();
};

}  // namespace
}  // namespace waybill_test

int main(int argc, char** argv) {
  return waybill_test::end_to_end_main<waybill_test::end_to_end>(argc, argv);
}

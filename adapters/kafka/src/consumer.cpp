#include "waybill/kafka/consumer.hpp"

#include <algorithm>
#include <climits>
#include <string>
#include <utility>

#include "configuration.hpp"
#include "waybill/messaging/receiving.hpp"

namespace waybill::inline v0::kafka {

namespace {

using system_time = messaging::receiving::time_point;

int as_timeout(std::chrono::milliseconds timeout) noexcept {
  // Negative means for ever, as in librdkafka.
  return static_cast<int>(std::clamp<std::int64_t>(timeout.count(), -1, INT_MAX));
}

}  // namespace

// Nothing is to be taken off a time-out or an error report: an extraction of its own holds nothing.
message::message(owned_raw raw, const propagation& settings, bool strips,
                 rd_kafka_headers_t* replaced) noexcept
    : received([&]() noexcept {
        if (raw == nullptr || raw->err != RD_KAFKA_RESP_ERR_NO_ERROR) return waybill::extraction();
        return strips ? detail::take_whole(*raw, settings, replaced)
                      : kafka::extract(*raw, settings);
      }),
      replaced_(replaced, {raw.get_deleter().is_borrowed ? raw.get() : nullptr}),
      raw_(std::move(raw)) {}

const rd_kafka_headers_t* message::headers() const& noexcept {
  rd_kafka_headers_t* list = nullptr;
  if (!is_message()) return nullptr;
  rd_kafka_message_headers(raw_.get(), &list);
  return list;
}

struct consumer::state {
  rd_kafka_t* client;
  messaging::receiving walk;
  consumer_options options;
  std::string group;
  std::string client_id;

  state(rd_kafka_t* rk, waybill::propagation settings, consumer_options o)
      : client(rk),
        walk(std::move(settings), o.fills_received_slot),
        options(o),
        group(detail::configured(rk, "group.id")),
        client_id(detail::configured(rk, "client.id")) {}

  /// Of one message, or of a call that gives several.
  [[nodiscard]] operation_details describe(std::string_view name,
                                           const message* received) const noexcept {
    operation_details details{
        .system = "kafka", .name = name, .consumer_group = group, .client_id = client_id};
    if (received == nullptr) return details;
    details.message_key = received->key().value_or(std::string_view{});
    details.partition = received->partition();
    details.offset = received->offset();
    details.body_bytes = received->payload().value_or(std::string_view{}).size();
    details.tombstone = !received->payload().has_value();
    return details;
  }

  [[nodiscard]] message take(rd_kafka_message_t* raw, bool is_borrowed) const noexcept {
    return {message::owned_raw(raw, detail::message_destroyer{is_borrowed}), walk.settings(),
            options.strip};
  }
  /// The one message that a receive call gives.
  [[nodiscard]] message give(rd_kafka_message_t* raw, bool is_borrowed,
                             system_time began) const noexcept {
    message received = take(raw, is_borrowed);
    if (received.is_message()) {
      const auto source = [&]() noexcept { return describe("poll", &received); };
      walk.give(received, received.topic(), source, began);
    }
    return received;
  }
};

consumer::consumer(rd_kafka_t* client, waybill::propagation settings, consumer_options options)
    : state_(std::make_unique<state>(client, std::move(settings), options)) {}

consumer::~consumer() = default;

message consumer::poll(std::chrono::milliseconds timeout) noexcept {
  const system_time began = begin_receive();
  return state_->give(rd_kafka_consumer_poll(state_->client, as_timeout(timeout)), false, began);
}

system_time consumer::begin_receive() noexcept { return state_->walk.begin(); }

message consumer::adopt(rd_kafka_message_t& borrowed, system_time waited_since) noexcept {
  const bool is_unset = waited_since == system_time{};
  if (is_unset) waited_since = begin_receive();
  return state_->give(&borrowed, true, waited_since);
}

std::vector<message> consumer::poll_batch(std::size_t messages_max,
                                          std::chrono::milliseconds timeout) noexcept {
  messaging::receiving::batch call(state_->walk);
  std::vector<message> received;
  while (received.size() < messages_max) {
    // Room first: a message that was polled and could not be kept would be lost.
    WAYBILL_TRY { received.emplace_back(); }
    WAYBILL_CATCH_ALL { break; }
    message& next = received.back();
    next = state_->take(rd_kafka_consumer_poll(state_->client, as_timeout(timeout)), false);
    if (!next) {
      received.pop_back();
      break;
    }
    if (next.is_message()) call.give(next, next.topic());
    timeout = std::chrono::milliseconds::zero();
  }
  call.end([&]() noexcept {
    operation_details details = state_->describe("poll", nullptr);
    details.batch_messages = call.messages();
    return details;
  });
  return received;
}

messaging::processing consumer::process(const message& received) const noexcept {
  return {received.extraction(), received.topic(),
          [&]() noexcept { return state_->describe("process", &received); }, propagation()};
}

messaging::settling consumer::begin_commit(const message& received) const noexcept {
  return {received.taken(), received.topic(),
          [&]() noexcept { return state_->describe("commit", &received); }, propagation()};
}

rd_kafka_resp_err_t consumer::commit(const message& received, bool asynchronously) noexcept {
  if (!received.is_message()) return RD_KAFKA_RESP_ERR__INVALID_ARG;
  return commit_by(received, [&]() noexcept {
    return rd_kafka_commit_message(state_->client, received.raw(), asynchronously ? 1 : 0);
  });
}

rd_kafka_resp_err_t consumer::settle(const message& received) noexcept {
  const settle_mode mode = state_->options.settle;
  if (mode == settle_mode::none) return RD_KAFKA_RESP_ERR_NO_ERROR;
  // The handler may have moved the message away.
  if (!received.is_message()) return RD_KAFKA_RESP_ERR__INVALID_ARG;
  if (mode != settle_mode::store_offset) return commit(received, mode == settle_mode::commit_async);
  rd_kafka_topic_partition_list_t* offsets = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(offsets, rd_kafka_topic_name(received.raw()->rkt),
                                    received.partition())
      ->offset = received.offset() + 1;
  const rd_kafka_resp_err_t error = rd_kafka_offsets_store(state_->client, offsets);
  rd_kafka_topic_partition_list_destroy(offsets);
  return error;
}

rd_kafka_t* consumer::client() const noexcept { return state_->client; }

const waybill::propagation& consumer::propagation() const noexcept {
  return state_->walk.settings();
}

const consumer_options& consumer::options() const noexcept { return state_->options; }

}  // namespace waybill::inline v0::kafka

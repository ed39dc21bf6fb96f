#include "waybill/kafka/consumer.hpp"

#include <algorithm>
#include <climits>
#include <string>
#include <utility>

#include "configuration.hpp"
#include "waybill/messaging/receiving.hpp"

namespace waybill::inline v0::kafka {

namespace {

using system_time = std::chrono::system_clock::time_point;

int as_timeout(std::chrono::milliseconds timeout) noexcept {
  // Negative means for ever, as in librdkafka.
  return static_cast<int>(std::clamp<std::int64_t>(timeout.count(), -1, INT_MAX));
}

std::optional<std::string_view> as_bytes(const void* data, std::size_t bytes) noexcept {
  if (data == nullptr) return std::nullopt;
  return std::string_view(static_cast<const char*>(data), bytes);
}

}  // namespace

// Nothing is to be taken off a time-out or an error report: a message of its own holds nothing.
message::message(owned_raw raw, const waybill::propagation& settings, bool strips) noexcept
    : raw_(std::move(raw)), taken_([&]() noexcept {
        if (!is_message()) return waybill::extraction();
        if (!strips) return kafka::extract(*raw_, settings);
        rd_kafka_headers_t* replaced = nullptr;
        waybill::extraction taken = detail::take_whole(*raw_, settings, replaced);
        replaced_ = {replaced, {raw_.get_deleter().is_borrowed ? raw_.get() : nullptr}};
        return taken;
      }()) {}

std::string_view message::topic() const& noexcept {
  return raw_ == nullptr || raw_->rkt == nullptr ? std::string_view{}
                                                 : std::string_view(rd_kafka_topic_name(raw_->rkt));
}

std::int32_t message::partition() const noexcept {
  return raw_ == nullptr ? RD_KAFKA_PARTITION_UA : raw_->partition;
}

std::int64_t message::offset() const noexcept {
  return raw_ == nullptr ? RD_KAFKA_OFFSET_INVALID : raw_->offset;
}

std::optional<std::string_view> message::key() const& noexcept {
  return raw_ == nullptr ? std::nullopt : as_bytes(raw_->key, raw_->key_len);
}

std::optional<std::string_view> message::payload() const& noexcept {
  return raw_ == nullptr ? std::nullopt : as_bytes(raw_->payload, raw_->len);
}

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

  [[nodiscard]] operation_details describe(std::string_view name,
                                           const message& received) const noexcept {
    operation_details details{.system = "kafka", .name = name, .consumer_group = group};
    details.client_id = client_id;
    details.message_key = received.key().value_or(std::string_view{});
    details.partition = received.partition();
    details.offset = received.offset();
    details.body_bytes = received.payload().value_or(std::string_view{}).size();
    details.tombstone = !received.payload().has_value();
    return details;
  }

  [[nodiscard]] message take(rd_kafka_message_t* raw, bool is_borrowed) const noexcept {
    return {message::owned_raw(raw, detail::message_destroyer{is_borrowed}), walk.settings(),
            options.strip};
  }
  /// The one message that a receive call gives, with its receive span.
  [[nodiscard]] message give(rd_kafka_message_t* raw, bool is_borrowed,
                             system_time began) const noexcept {
    message received = take(raw, is_borrowed);
    if (!received.is_message()) return received;
    if (walk.settings().tracer() != nullptr) {
      messaging::trace_receive(
          received.topic(), [&]() noexcept { return describe("poll", received); }, began,
          received.taken_.creation(), walk.settings());
    }
    received.use_ = walk.gave(received.taken_);
    return received;
  }

  /// A receive span is known to be one only when something came: it is made afterwards.
  void trace_batch(std::span<const message> received, system_time began) const {
    std::vector<span_context> links;
    std::size_t messages = 0;
    const message* first = nullptr;
    bool has_one_topic = true;
    for (const message& each : received) {
      if (!each.is_message()) continue;
      if (first == nullptr) first = &each;
      has_one_topic = has_one_topic && each.topic() == first->topic();
      ++messages;
      const auto link = each.taken_.creation();
      links.insert(links.end(), link.begin(), link.end());
    }
    if (first == nullptr) return;
    const auto describe_batch = [&]() noexcept {
      operation_details details{.system = "kafka", .name = "poll", .consumer_group = group};
      details.client_id = client_id;
      details.batch_messages = messages;
      return details;
    };
    messaging::trace_receive(has_one_topic ? destination(first->topic()) : any_destination,
                             describe_batch, began, links, walk.settings());
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
  const system_time began = begin_receive();
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
    next.use_ = messaging::context_use(next.taken_, state_->walk.settings());
    timeout = std::chrono::milliseconds::zero();
  }
  if (state_->walk.settings().tracer() != nullptr) {
    // A receive span that cannot be made is no reason to lose the messages.
    WAYBILL_TRY { state_->trace_batch(received, began); }
    WAYBILL_CATCH_ALL {}
  }
  return received;
}

messaging::processing consumer::process(const message& received) const noexcept {
  return {received.extraction(), received.topic(),
          [&]() noexcept { return state_->describe("process", received); }, propagation()};
}

messaging::settling consumer::begin_commit(const message& received) const noexcept {
  return {received.taken_, received.topic(),
          [&]() noexcept { return state_->describe("commit", received); }, propagation()};
}

rd_kafka_resp_err_t consumer::commit(const message& received, bool asynchronously) noexcept {
  if (!received.is_message()) return RD_KAFKA_RESP_ERR__INVALID_ARG;
  return commit_by(received, [&]() noexcept {
    return rd_kafka_commit_message(state_->client, received.raw(), asynchronously ? 1 : 0);
  });
}

rd_kafka_resp_err_t consumer::settle(const message& received) noexcept {
  switch (state_->options.settle) {
    case settle_mode::none:
      break;
    case settle_mode::commit_async:
      return commit(received, true);
    case settle_mode::commit_sync:
      return commit(received, false);
    case settle_mode::store_offset: {
      // The handler may have moved the message away.
      if (!received.is_message()) return RD_KAFKA_RESP_ERR__INVALID_ARG;
      rd_kafka_topic_partition_list_t* offsets = rd_kafka_topic_partition_list_new(1);
      rd_kafka_topic_partition_list_add(offsets, rd_kafka_topic_name(received.raw()->rkt),
                                        received.partition())
          ->offset = received.offset() + 1;
      const rd_kafka_resp_err_t error = rd_kafka_offsets_store(state_->client, offsets);
      rd_kafka_topic_partition_list_destroy(offsets);
      return error;
    }
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_t* consumer::client() const noexcept { return state_->client; }

const waybill::propagation& consumer::propagation() const noexcept {
  return state_->walk.settings();
}

const consumer_options& consumer::options() const noexcept { return state_->options; }

}  // namespace waybill::inline v0::kafka

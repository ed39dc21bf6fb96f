#include "waybill/kafka/consumer.hpp"

#include <algorithm>
#include <climits>
#include <string>
#include <utility>

#include "configuration.hpp"

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
message::message(owned_raw raw, const propagation& with, bool strips) noexcept
    : raw_(std::move(raw)),
      taken_(!is_message() ? waybill::extraction()
             : strips      ? kafka::take(*raw_, with)
                           : kafka::extract(*raw_, with)) {}

std::string_view message::topic() const noexcept {
  return raw_ == nullptr || raw_->rkt == nullptr ? std::string_view{}
                                                 : std::string_view(rd_kafka_topic_name(raw_->rkt));
}

std::int32_t message::partition() const noexcept {
  return raw_ == nullptr ? RD_KAFKA_PARTITION_UA : raw_->partition;
}

std::int64_t message::offset() const noexcept {
  return raw_ == nullptr ? RD_KAFKA_OFFSET_INVALID : raw_->offset;
}

std::optional<std::string_view> message::key() const noexcept {
  return raw_ == nullptr ? std::nullopt : as_bytes(raw_->key, raw_->key_len);
}

std::optional<std::string_view> message::payload() const noexcept {
  return raw_ == nullptr ? std::nullopt : as_bytes(raw_->payload, raw_->len);
}

const rd_kafka_headers_t* message::headers() const noexcept {
  rd_kafka_headers_t* list = nullptr;
  if (!is_message()) return nullptr;
  rd_kafka_message_headers(raw_.get(), &list);
  return list;
}

struct consumer::state {
  rd_kafka_t* client;
  propagation with;
  consumer_options options;
  std::string group;
  std::string client_id;

  state(rd_kafka_t* rk, propagation p, consumer_options o)
      : client(rk),
        with(std::move(p)),
        options(o),
        group(detail::configured(rk, "group.id")),
        client_id(detail::configured(rk, "client.id")) {}

  [[nodiscard]] operation describe(operation_kind kind, std::string_view name,
                                   const message& received) const noexcept {
    operation what{.kind = kind, .system = "kafka", .name = name};
    what.where = destination(received.topic());
    what.consumer_group = group;
    what.client_id = client_id;
    what.message_key = received.key().value_or(std::string_view{});
    what.partition = received.partition();
    what.offset = received.offset();
    what.body_bytes = received.payload().value_or(std::string_view{}).size();
    what.tombstone = !received.payload().has_value();
    what.injects = false;
    return what;
  }

  /// A receive span is known to be one only when something came: it is made afterwards.
  void trace_receive(std::span<const message> received, bool is_batch, system_time began) const {
    std::vector<trace_context> links;
    std::size_t messages = 0;
    const message* first = nullptr;
    bool has_one_topic = true;
    for (const message& each : received) {
      if (!each.is_message()) continue;
      if (first == nullptr) first = &each;
      has_one_topic = has_one_topic && each.topic() == first->topic();
      ++messages;
      const auto link = each.extraction().creation();
      links.insert(links.end(), link.begin(), link.end());
    }
    if (first == nullptr) return;
    operation what = describe(operation_kind::receive, "poll", *first);
    if (is_batch) {
      what.batch_messages = messages;
      what.message_key = {};
      what.partition.reset();
      what.offset.reset();
      what.body_bytes.reset();
      what.tombstone = false;
      if (!has_one_topic) what.where = {};
    }
    what.started_at = began;
    waybill::trace_receive(what, links, with);
  }
};

consumer::consumer(rd_kafka_t* client, propagation with, consumer_options options)
    : state_(std::make_unique<state>(client, std::move(with), options)) {}

consumer::~consumer() = default;

operation consumer::describe(operation_kind kind, std::string_view name,
                             const message& received) const noexcept {
  return state_->describe(kind, name, received);
}

message consumer::take(message::owned_raw raw) const noexcept {
  return {std::move(raw), state_->with, state_->options.strip};
}

message consumer::poll(std::chrono::milliseconds timeout) noexcept {
  const bool is_traced = state_->with.tracer != nullptr;
  const system_time began = is_traced ? std::chrono::system_clock::now() : system_time{};
  message received =
      take(message::owned_raw(rd_kafka_consumer_poll(state_->client, as_timeout(timeout))));
  trace_receive(received, began);
  return received;
}

void consumer::trace_receive(const message& received, system_time began) const noexcept {
  if (state_->with.tracer == nullptr) return;
  // A receive span that cannot be made is no reason to lose the message.
  WAYBILL_TRY { state_->trace_receive({&received, 1}, false, began); }
  WAYBILL_CATCH_ALL {}
}

message consumer::receive(rd_kafka_message_t& borrowed, system_time waited_since) noexcept {
  message received =
      take(message::owned_raw(&borrowed, detail::message_destroyer{.is_borrowed = true}));
  const bool is_traced = state_->with.tracer != nullptr;
  if (is_traced && waited_since == system_time{}) waited_since = std::chrono::system_clock::now();
  trace_receive(received, waited_since);
  return received;
}

std::vector<message> consumer::poll_batch(std::size_t messages_max,
                                          std::chrono::milliseconds timeout) noexcept {
  const bool is_traced = state_->with.tracer != nullptr;
  const system_time began = is_traced ? std::chrono::system_clock::now() : system_time{};
  std::vector<message> received;
  while (received.size() < messages_max) {
    // Room first: a message that was polled and could not be kept would be lost.
    WAYBILL_TRY { received.emplace_back(); }
    WAYBILL_CATCH_ALL { break; }
    message& next = received.back();
    next = take(message::owned_raw(rd_kafka_consumer_poll(state_->client, as_timeout(timeout))));
    if (!next) {
      received.pop_back();
      break;
    }
    timeout = std::chrono::milliseconds::zero();
  }
  if (is_traced) {
    WAYBILL_TRY { state_->trace_receive(received, true, began); }
    WAYBILL_CATCH_ALL {}
  }
  return received;
}

rd_kafka_resp_err_t consumer::commit(const message& received, bool asynchronously) noexcept {
  if (!received.is_message()) return RD_KAFKA_RESP_ERR__INVALID_ARG;
  return commit_by(received, [&]() noexcept {
    return rd_kafka_commit_message(state_->client, received.raw(), asynchronously ? 1 : 0);
  });
}

rd_kafka_resp_err_t consumer::settle(const message& received, settle_mode how) noexcept {
  switch (how) {
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

const propagation& consumer::propagating() const noexcept { return state_->with; }

const consumer_options& consumer::options() const noexcept { return state_->options; }

}  // namespace waybill::inline v0::kafka

#include "bare_kafka.hpp"

#include <algorithm>
#include <array>
#include <ostream>
#include <random>
#include <stdexcept>

namespace waybill_test {

namespace {

using clock = std::chrono::steady_clock;

constexpr int poll_interval_milliseconds = 50;
constexpr int request_timeout_milliseconds = 10'000;

struct headers_deleter {
  void operator()(rd_kafka_headers_t* headers) const noexcept { rd_kafka_headers_destroy(headers); }
};
using headers_handle = std::unique_ptr<rd_kafka_headers_t, headers_deleter>;

struct partition_list_deleter {
  void operator()(rd_kafka_topic_partition_list_t* list) const noexcept {
    rd_kafka_topic_partition_list_destroy(list);
  }
};
using partition_list = std::unique_ptr<rd_kafka_topic_partition_list_t, partition_list_deleter>;

[[noreturn]] void fail(const std::string& what, rd_kafka_resp_err_t error) {
  throw std::runtime_error(what + ": " + rd_kafka_err2str(error));
}

int milliseconds_until(clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, request_timeout_milliseconds));
}

std::optional<std::string> to_text(const void* data, std::size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data), size);
}

// librdkafka tells NULL from empty by the pointer alone, on both ways.
const void* pointer_of(const std::optional<std::string>& text) {
  return text ? text->data() : nullptr;
}
std::size_t size_of(const std::optional<std::string>& text) { return text ? text->size() : 0; }

headers_handle make_headers(const std::vector<bare_header>& headers) {
  headers_handle list(rd_kafka_headers_new(headers.size()));
  for (const bare_header& header : headers) {
    const rd_kafka_resp_err_t error = rd_kafka_header_add(
        list.get(), header.name.data(), static_cast<ssize_t>(header.name.size()),
        pointer_of(header.value), static_cast<ssize_t>(size_of(header.value)));
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail("rd_kafka_header_add", error);
  }
  return list;
}

struct outcome {
  bool known = false;
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  bare_delivery delivery;
};

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  auto& result = *static_cast<outcome*>(message->_private);
  result.known = true;
  result.error = message->err;
  result.delivery = {message->partition, message->offset};
}

rd_kafka_resp_err_t enqueue(rd_kafka_t* handle, const std::string& topic,
                            const bare_message& message, outcome& result) {
  headers_handle headers = make_headers(message.headers);
  for (;;) {
    // The tags themselves: the RD_KAFKA_V_ macros are no standard C++.
    const rd_kafka_resp_err_t error = rd_kafka_producev(
        handle, RD_KAFKA_VTYPE_TOPIC, topic.c_str(), RD_KAFKA_VTYPE_PARTITION, message.partition,
        RD_KAFKA_VTYPE_MSGFLAGS, RD_KAFKA_MSG_F_COPY, RD_KAFKA_VTYPE_KEY, pointer_of(message.key),
        size_of(message.key), RD_KAFKA_VTYPE_VALUE, pointer_of(message.value),
        size_of(message.value), RD_KAFKA_VTYPE_HEADERS, headers.get(), RD_KAFKA_VTYPE_OPAQUE,
        static_cast<void*>(&result), RD_KAFKA_VTYPE_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
      [[maybe_unused]] auto* owned_by_librdkafka_now = headers.release();
      return error;
    }
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) return error;
    rd_kafka_poll(handle, poll_interval_milliseconds);
  }
}

kafka_metadata fetch_metadata(rd_kafka_t* handle, const std::string& topic) {
  const std::unique_ptr<rd_kafka_topic_t, void (*)(rd_kafka_topic_t*)> name(
      rd_kafka_topic_new(handle, topic.c_str(), nullptr), rd_kafka_topic_destroy);
  const rd_kafka_metadata_t* data = nullptr;
  const rd_kafka_resp_err_t error =
      rd_kafka_metadata(handle, 0, name.get(), &data, request_timeout_milliseconds);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail("metadata of " + topic, error);
  return kafka_metadata(data);
}

void print_bytes(std::ostream& stream, const std::optional<std::string>& text) {
  static constexpr std::string_view digits = "0123456789abcdef";
  if (!text) {
    stream << "NULL";
    return;
  }
  stream << '"';
  for (const char character : *text) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte >= 0x20 && byte < 0x7f) {
      stream << character;
    } else {
      stream << "\\x" << digits[byte >> 4U] << digits[byte & 15U];
    }
  }
  stream << '"';
}

}  // namespace

std::ostream& operator<<(std::ostream& stream, const bare_header& header) {
  print_bytes(stream, header.name);
  stream << '=';
  print_bytes(stream, header.value);
  return stream;
}

std::ostream& operator<<(std::ostream& stream, const bare_record& record) {
  stream << record.topic << '[' << record.partition << "]@" << record.offset << " key ";
  print_bytes(stream, record.key);
  stream << " value ";
  print_bytes(stream, record.value);
  for (const bare_header& header : record.headers) stream << ' ' << header;
  return stream;
}

kafka_handle make_kafka_handle(rd_kafka_type_t type, const std::string& bootstrap,
                               const kafka_properties& properties,
                               void (*configure)(rd_kafka_conf_t*)) {
  kafka_properties all = {{"bootstrap.servers", bootstrap},
                          {"broker.address.family", "v4"},
                          {"reconnect.backoff.ms", "20"},
                          {"reconnect.backoff.max.ms", "200"}};
  for (const auto& [name, value] : properties) all[name] = value;

  std::array<char, 512> text{};
  std::unique_ptr<rd_kafka_conf_t, void (*)(rd_kafka_conf_t*)> configuration(rd_kafka_conf_new(),
                                                                             rd_kafka_conf_destroy);
  // A broker that is down on purpose would fill the test's output.
  rd_kafka_conf_set_log_cb(configuration.get(),
                           [](const rd_kafka_t*, int, const char*, const char*) {});
  // Without a callback, a consumer hands out lost connections as if they were messages.
  rd_kafka_conf_set_error_cb(configuration.get(), [](rd_kafka_t*, int, const char*, void*) {});
  for (const auto& [name, value] : all) {
    if (rd_kafka_conf_set(configuration.get(), name.c_str(), value.c_str(), text.data(),
                          text.size()) != RD_KAFKA_CONF_OK) {
      throw std::runtime_error(text.data());
    }
  }
  if (configure != nullptr) configure(configuration.get());
  kafka_handle handle(rd_kafka_new(type, configuration.get(), text.data(), text.size()));
  if (!handle) throw std::runtime_error(text.data());
  [[maybe_unused]] auto* owned_by_librdkafka_now = configuration.release();
  return handle;
}

std::vector<bare_header> headers_of(const rd_kafka_message_t& message) {
  std::vector<bare_header> all;
  rd_kafka_headers_t* headers = nullptr;
  const rd_kafka_resp_err_t error = rd_kafka_message_headers(&message, &headers);
  if (error == RD_KAFKA_RESP_ERR__NOENT) return all;
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail("rd_kafka_message_headers", error);
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    all.push_back({name, to_text(value, size)});
  }
  return all;
}

bare_record to_record(const rd_kafka_message_t& message) {
  bare_record record;
  record.topic = rd_kafka_topic_name(message.rkt);
  record.partition = message.partition;
  record.offset = message.offset;
  record.timestamp_milliseconds = rd_kafka_message_timestamp(&message, nullptr);
  record.key = to_text(message.key, message.key_len);
  record.value = to_text(message.payload, message.len);
  record.headers = headers_of(message);
  return record;
}

std::string unique_topic(const std::string& prefix) {
  static constexpr std::string_view characters = "0123456789abcdefghijklmnopqrstuvwxyz";
  constexpr int random_characters = 16;
  std::random_device source;
  std::uniform_int_distribution<std::size_t> any(0, characters.size() - 1);
  std::string name = prefix + "-";
  for (int i = 0; i < random_characters; ++i) name += characters[any(source)];
  return name;
}

bare_producer::bare_producer(const std::string& bootstrap, const kafka_properties& properties)
    : handle_(make_kafka_handle(
          RD_KAFKA_PRODUCER, bootstrap,
          [&properties] {
            kafka_properties all = {{"message.timeout.ms", "30000"}, {"linger.ms", "0"}};
            for (const auto& [name, value] : properties) all[name] = value;
            return all;
          }(),
          [](rd_kafka_conf_t* conf) { rd_kafka_conf_set_dr_msg_cb(conf, on_delivery); })) {}

std::vector<bare_delivery> bare_producer::produce(const std::string& topic,
                                                  std::span<const bare_message> messages) const {
  std::vector<outcome> outcomes(messages.size());
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const rd_kafka_resp_err_t error = enqueue(handle(), topic, messages[i], outcomes[i]);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    outcomes[i].known = true;
    outcomes[i].error = error;
  }
  // message.timeout.ms bounds this: every message gets its report, and `outcomes` must outlive it.
  const auto known = [](const outcome& result) { return result.known; };
  while (!std::ranges::all_of(outcomes, known)) rd_kafka_poll(handle(), poll_interval_milliseconds);

  std::vector<bare_delivery> deliveries;
  for (const outcome& result : outcomes) {
    if (result.error != RD_KAFKA_RESP_ERR_NO_ERROR) fail("produce to " + topic, result.error);
    deliveries.push_back(result.delivery);
  }
  return deliveries;
}

bare_delivery bare_producer::produce(const std::string& topic, const bare_message& message) const {
  return produce(topic, std::span(&message, 1)).front();
}

bare_consumer::bare_consumer(const std::string& bootstrap, const std::string& topic,
                             const kafka_properties& properties)
    : topic_(topic) {
  // librdkafka wants a group's name even where no group is joined.
  kafka_properties all = {{"group.id", "bare-" + topic},
                          {"enable.auto.commit", "false"},
                          {"enable.partition.eof", "true"},
                          {"check.crcs", "true"},
                          {"fetch.wait.max.ms", "50"}};
  for (const auto& [name, value] : properties) all[name] = value;
  handle_ = make_kafka_handle(RD_KAFKA_CONSUMER, bootstrap, all);
  rd_kafka_poll_set_consumer(handle());

  const kafka_metadata data = fetch_metadata(handle(), topic);
  const rd_kafka_metadata_topic_t& found = data->topics[0];
  if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) fail("topic " + topic, found.err);
  const partition_list list(rd_kafka_topic_partition_list_new(found.partition_cnt));
  for (std::int32_t partition = 0; partition < found.partition_cnt; ++partition) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset =
        RD_KAFKA_OFFSET_BEGINNING;
    next_offsets_[partition] = 0;
  }
  const rd_kafka_resp_err_t error = rd_kafka_assign(handle(), list.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail("rd_kafka_assign", error);
}

std::optional<bare_record> bare_consumer::poll(std::chrono::steady_clock::time_point deadline) {
  const kafka_message message(rd_kafka_consumer_poll(handle(), milliseconds_until(deadline)));
  if (!message) return std::nullopt;
  if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    // Records that a reader doesn't see (aborted ones, transaction markers) count as read here.
    next_offsets_[message->partition] = message->offset;
    return std::nullopt;
  }
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) fail("reading " + topic_, message->err);
  next_offsets_[message->partition] = message->offset + 1;
  return to_record(*message);
}

std::vector<bare_record> bare_consumer::take(std::size_t count,
                                             std::chrono::milliseconds patience) {
  const auto deadline = clock::now() + patience;
  std::vector<bare_record> records;
  while (records.size() < count) {
    if (std::optional<bare_record> record = poll(deadline)) {
      records.push_back(std::move(*record));
    } else if (clock::now() >= deadline) {
      throw std::runtime_error("only " + std::to_string(records.size()) + " of " +
                               std::to_string(count) + " records of " + topic_ + " came in time");
    }
  }
  return records;
}

// Asked again after an error: a broker that was started just now may not lead its partitions yet.
std::int64_t bare_consumer::find_end(std::int32_t partition,
                                     std::chrono::steady_clock::time_point deadline) const {
  for (;;) {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    const rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(
        handle(), topic_.c_str(), partition, &begin, &end, milliseconds_until(deadline));
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return end;
    if (clock::now() >= deadline) fail("the end of " + topic_, error);
    // No rd_kafka_poll to wait a little: on a consumer it would take records away.
  }
}

std::vector<bare_record> bare_consumer::take_all(std::chrono::milliseconds patience) {
  const auto deadline = clock::now() + patience;
  std::map<std::int32_t, std::int64_t> ends;
  for (const auto& [partition, next] : next_offsets_) {
    ends[partition] = find_end(partition, deadline);
  }
  const auto at_end = [this](const auto& end) { return next_offsets_.at(end.first) >= end.second; };
  std::vector<bare_record> records;
  while (!std::ranges::all_of(ends, at_end)) {
    if (std::optional<bare_record> record = poll(deadline)) {
      records.push_back(std::move(*record));
    } else if (clock::now() >= deadline) {
      throw std::runtime_error("the end of " + topic_ + " was not reached in time, after " +
                               std::to_string(records.size()) + " records");
    }
  }
  return records;
}

}  // namespace waybill_test

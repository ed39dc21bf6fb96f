#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// librdkafka without waybill: how tests put exactly what they want on the wire, and see what
/// really is there.
namespace waybill_test {

using kafka_properties = std::map<std::string, std::string>;

struct kafka_deleter {
  void operator()(rd_kafka_t* handle) const noexcept { rd_kafka_destroy(handle); }
  void operator()(rd_kafka_message_t* message) const noexcept { rd_kafka_message_destroy(message); }
  void operator()(const rd_kafka_metadata_t* data) const noexcept {
    rd_kafka_metadata_destroy(data);
  }
};
using kafka_handle = std::unique_ptr<rd_kafka_t, kafka_deleter>;
using kafka_message = std::unique_ptr<rd_kafka_message_t, kafka_deleter>;
using kafka_metadata = std::unique_ptr<const rd_kafka_metadata_t, kafka_deleter>;

/// Makes a producer or consumer that writes no log and reconnects quickly.
/// @par Input `properties`: added last, so they win. `configure`, if given, sees the configuration
///            before the handle is made (callbacks).
/// @par Errors Throws std::runtime_error with librdkafka's text.
kafka_handle make_kafka_handle(rd_kafka_type_t type, const std::string& bootstrap,
                               const kafka_properties& properties = {},
                               void (*configure)(rd_kafka_conf_t*) = nullptr);

/// One header. A NULL value (nullopt) and an empty one are different on the wire.
struct bare_header {
  std::string name;
  std::optional<std::string> value;

  friend bool operator==(const bare_header&, const bare_header&) = default;
};
std::ostream& operator<<(std::ostream& stream, const bare_header& header);

/// What is sent. A NULL key or value (nullopt) and an empty one are different on the wire.
struct bare_message {
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<bare_header> headers;
  std::int32_t partition = RD_KAFKA_PARTITION_UA;
};

/// What is in a topic; owns all its bytes.
/// librdkafka gives a header's name without its length: one that contains a NUL byte ends there.
struct bare_record {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int64_t timestamp_milliseconds = -1;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<bare_header> headers;
};
std::ostream& operator<<(std::ostream& stream, const bare_record& record);

/// The headers of any message of librdkafka's, in order; none if there are none.
std::vector<bare_header> headers_of(const rd_kafka_message_t& message);
bare_record to_record(const rd_kafka_message_t& message);

/// "PREFIX-" and enough random characters that no other topic of any run has the name.
std::string unique_topic(const std::string& prefix);

/// Where the broker put a message.
struct bare_delivery {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
};

/// @par Threads One at a time.
class bare_producer {
 public:
  explicit bare_producer(const std::string& bootstrap, const kafka_properties& properties = {});

  /// Sends and waits until the broker has answered for every message.
  /// @par Output Where each message is, in the order given.
  /// @par Errors Throws std::runtime_error if one of them was not delivered.
  std::vector<bare_delivery> produce(const std::string& topic,
                                     std::span<const bare_message> messages) const;
  bare_delivery produce(const std::string& topic, const bare_message& message) const;

  [[nodiscard]] rd_kafka_t* handle() const noexcept { return handle_.get(); }

 private:
  kafka_handle handle_;
};

/// Reads all partitions of one existing topic from the beginning, without a group.
/// @par Threads One at a time.
class bare_consumer {
 public:
  static constexpr std::chrono::seconds default_patience{30};

  /// @par Errors Throws std::runtime_error if the broker does not answer or has no such topic.
  bare_consumer(const std::string& bootstrap, const std::string& topic,
                const kafka_properties& properties = {});

  /// The next `count` records. Order is kept within a partition.
  /// @par Errors Throws std::runtime_error, saying how many did come, if they are not there in
  /// time.
  std::vector<bare_record> take(std::size_t count,
                                std::chrono::milliseconds patience = default_patience);

  /// Everything up to what is now the end of every partition: the way to see that there is nothing
  /// more than expected.
  std::vector<bare_record> take_all(std::chrono::milliseconds patience = default_patience);

  [[nodiscard]] rd_kafka_t* handle() const noexcept { return handle_.get(); }

 private:
  std::int64_t find_end(std::int32_t partition,
                        std::chrono::steady_clock::time_point deadline) const;
  std::optional<bare_record> poll(std::chrono::steady_clock::time_point deadline);

  kafka_handle handle_;
  std::string topic_;
  std::map<std::int32_t, std::int64_t> next_offsets_;
};

}  // namespace waybill_test

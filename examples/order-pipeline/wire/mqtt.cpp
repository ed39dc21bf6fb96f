// Paho alone, to see what really is on the wire: this program knows nothing of waybill. The frame
// in front of MQTT 3.1.1 payloads it takes apart by itself.
//   mqtt-wire URI 3.1.1|5 TOPIC_FILTER MESSAGES LOG
// says "ready" when it is subscribed, then writes every message to a log.

#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "support/mqtt_client.hpp"

namespace {

using namespace order_pipeline;  // NOLINT(google-build-using-namespace): this program's own

/// Reads numbers and texts of a frame, big endian.
class frame_bytes {
 public:
  explicit frame_bytes(std::string_view bytes) : left_(bytes) {}
  std::size_t number(std::size_t bytes) {
    std::size_t value = 0;
    for (const char each : text(bytes)) value = value * 256 + static_cast<unsigned char>(each);
    return value;
  }
  std::string_view text(std::size_t bytes) {
    if (bytes > left_.size()) throw std::runtime_error("a frame ends too early");
    const std::string_view taken = left_.substr(0, bytes);
    left_.remove_prefix(bytes);
    return taken;
  }
  [[nodiscard]] std::string_view left() const noexcept { return left_; }

 private:
  std::string_view left_;
};

/// Magic, version, the size of the block, the block, its checksum, and then the payload.
void add_payload(log_entry& entry, std::string_view payload) {
  constexpr std::string_view magic = "\xfewbl\x01";
  constexpr std::size_t checksum_bytes = 4;
  if (!payload.starts_with(magic)) {
    entry.add("body", payload);
    return;
  }
  frame_bytes frame(payload.substr(magic.size()));
  frame_bytes block(frame.text(frame.number(2)));
  while (!block.left().empty()) {
    const std::string name(block.text(block.number(1)));
    entry.add(header{name, std::string(block.text(block.number(2)))});
  }
  frame.text(checksum_bytes);
  entry.add("body", frame.left());
}

void run(const std::string& uri, std::string_view version, const std::string& filter, int messages,
         const std::string& log_path) {
  log_file log(log_path);
  const bool is_5 = version == "5";
  mqtt::async_client client(uri, filter.substr(0, filter.find('/')) + "-wire",
                            mqtt::create_options(is_5 ? MQTTVERSION_5 : MQTTVERSION_DEFAULT));
  client.start_consuming();
  connect(client, is_5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1);
  subscribe(client, filter);
  std::cout << "ready" << std::endl;
  for (int seen = 0; seen < messages; ++seen) {
    mqtt::const_message_ptr message;
    if (!client.try_consume_message_for(&message, std::chrono::seconds(60)) || !message) {
      throw std::runtime_error("not all messages of " + filter + " came");
    }
    log_entry entry("wire");
    entry.add("where", "MQTT " + std::string(version) + " topic " + message->get_topic());
    entry.add("by", is_5 ? "Paho alone, without waybill" : "Paho alone: a frame in the payload");
    entry.add("order", order_of(*message));
    for (const header& each : headers_of(*message)) entry.add(each);
    add_payload(entry, message->to_string());
    log.append(entry);
  }
  client.stop_consuming();
  client.disconnect()->wait();
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 6) {
    throw std::runtime_error("usage: mqtt-wire URI 3.1.1|5 TOPIC_FILTER MESSAGES LOG");
  }
  run(argv[1], argv[2], argv[3], std::stoi(argv[4]), argv[5]);
  return 0;
} catch (const std::exception& error) {
  std::cerr << "mqtt-wire: " << error.what() << '\n';
  return 1;
}

#include "wire_capture.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace waybill_test {

namespace {

using json = nlohmann::json;

std::string from_hex(const std::string& digits) {
  constexpr int base = 16;
  if (digits.size() % 2 != 0) throw std::invalid_argument("an odd number of digits: " + digits);
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    std::size_t read = 0;
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), &read, base));
    if (read != 2) throw std::invalid_argument("not hexadecimal: " + digits);
  }
  return bytes;
}

std::optional<std::string> optional_text(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return std::nullopt;
  return found->get<std::string>();
}

captured_message read_message(const json& from) {
  captured_message read;
  const json& sent = from.at("sent");
  read.sent.trace_id = sent.at("trace_id");
  read.sent.span_id = optional_text(sent, "span_id");
  read.sent.flags = optional_text(sent, "flags");
  read.sent.tracestate = sent.at("tracestate");
  for (const auto& [key, value] : sent.at("baggage").items()) read.sent.baggage[key] = value;
  for (const json& header : from.at("headers")) {
    if (header.at(1) != "bytes") throw std::invalid_argument("a type that Kafka has not");
    read.message.headers.push_back({header.at(0), from_hex(header.at(2))});
  }
  read.message.value = from_hex(from.at("payload"));
  return read;
}

}  // namespace

std::ostream& operator<<(std::ostream& stream, const wire_capture& capture) {
  return stream << capture.name << " (" << capture.instrumentation << ')';
}

std::vector<wire_capture> read_wire_captures() {
  std::vector<wire_capture> captures;
  for (const auto& entry : std::filesystem::directory_iterator(WAYBILL_WIRE_FOLDER)) {
    std::ifstream file(entry.path());
    const json content = json::parse(file);
    wire_capture capture;
    capture.name = entry.path().stem();
    capture.instrumentation = content.at("instrumentation");
    for (const json& message : content.at("messages")) {
      capture.messages.push_back(read_message(message));
    }
    captures.push_back(std::move(capture));
  }
  std::ranges::sort(captures, {}, &wire_capture::name);
  return captures;
}

std::optional<std::string> last_header(const bare_message& message, const std::string& name) {
  std::optional<std::string> value;
  for (const bare_header& header : message.headers) {
    if (header.name == name) value = header.value;
  }
  return value;
}

}  // namespace waybill_test

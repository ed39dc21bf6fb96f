#pragma once

#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "bare_kafka.hpp"

namespace waybill_test {

/// What the sender of a captured message had in mind. Members that the capture leaves open are
/// empty.
struct captured_context {
  std::string trace_id;
  std::optional<std::string> span_id;
  std::optional<std::string> flags;
  std::string tracestate;
  std::map<std::string, std::string> baggage;
};

/// A message as a neighbour's instrumentation put it on the wire of a real Apache Kafka.
struct captured_message {
  captured_context sent;
  bare_message message;
};

/// One file of wire/.
struct wire_capture {
  std::string name;  ///< The file's, without ".json".
  std::string instrumentation;
  std::vector<captured_message> messages;

  [[nodiscard]] bool is_python() const { return name.starts_with("python-"); }
};
std::ostream& operator<<(std::ostream& stream, const wire_capture& capture);

/// All files of wire/, sorted by name.
/// @par Errors Throws if one of them cannot be read.
std::vector<wire_capture> read_wire_captures();

/// The value of the last header of this name.
std::optional<std::string> last_header(const bare_message& message, const std::string& name);

}  // namespace waybill_test

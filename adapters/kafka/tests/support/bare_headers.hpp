#pragma once

#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

/// Header lists through librdkafka's own functions alone: what a bare client writes and sees.
namespace waybill_test {

/// One header. A null value (nullopt) and an empty one are different.
struct bare_header {
  std::string name;
  std::optional<std::string> value;

  friend bool operator==(const bare_header&, const bare_header&) = default;
};
std::ostream& operator<<(std::ostream& stream, const bare_header& header);

using bare_headers = std::vector<bare_header>;

struct list_deleter {
  void operator()(rd_kafka_headers_t* list) const noexcept { rd_kafka_headers_destroy(list); }
};
using owned_list = std::unique_ptr<rd_kafka_headers_t, list_deleter>;

owned_list make_list(const bare_headers& headers);
/// All headers in order; none of a null list.
bare_headers headers_of(const rd_kafka_headers_t* list);
/// All headers of a message in order; none when it has none.
bare_headers headers_of(const rd_kafka_message_t& message);

/// The headers of this name, in exactly this spelling.
std::size_t count_of(const bare_headers& headers, std::string_view name);
/// The value of the only header of this name; nothing when there is none, null or another one.
std::optional<std::string> only(const bare_headers& headers, std::string_view name);
/// The headers whose names are no spelling of traceparent, tracestate or baggage, in order.
bare_headers without_fields(const bare_headers& headers);
bare_headers operator+(bare_headers left, const bare_headers& right);

/// What an application may well have in a message: duplicates, null and empty values, binary
/// bytes, names that only look like fields of ours.
const bare_headers& application_headers();

}  // namespace waybill_test

// Header tables of rabbitmq-c with whatever names, bytes and kinds of value, nested ones too. Read
// as the reference reads them; stripped and written without a change to the application's own
// entries; measured as rabbitmq-c encodes them. The input is laid out as core/fuzz/README.md says;
// its second byte also chooses the frame_max.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>
#include <waybill/rabbitmq/attempts.hpp>
#include <waybill/rabbitmq/carrier.hpp>
#include <waybill/rabbitmq/outgoing_properties.hpp>

#include "../../../core/fuzz/support/headers.hpp"
#include "../../../core/fuzz/support/require.hpp"
#include "../../../testing/support/difference.hpp"
#include "../tests/support/tables.hpp"

namespace {

namespace rabbitmq = waybill::rabbitmq;
using reference_header = waybill_test::reference::header;
using waybill_fuzz::require;
using waybill_test::encoded;
using waybill_test::own_table;

constexpr std::size_t name_bytes_max = 255;  // AMQP's short string
constexpr std::size_t around_properties = 20;

bool is_field(std::string_view name) {
  const std::string lower = waybill_test::reference::lowered(std::string(name));
  return lower == "traceparent" || lower == "tracestate" || lower == "baggage";
}

/// Adds a header as the line says: text by turns as a long string and as bytes, what is no text as
/// every other kind in turn.
void add(own_table& table, own_table& nested, const reference_header& header, std::size_t turn) {
  if (header.kind == waybill::value_kind::text) {
    const std::string_view text = table.keep(header.value);
    table.add(header.name,
              turn % 2 == 0 ? waybill_test::long_string(text) : waybill_test::byte_array(text));
    return;
  }
  if (turn % 5 == 0) {
    table.add(header.name, nested);
  } else if (turn % 5 == 1) {
    table.add_array(header.name, {waybill_test::long_string("x"), waybill_test::void_value()});
  } else {
    constexpr std::string_view kinds = "tbBsuIilLfdDTV";
    amqp_field_value_t value =
        waybill_test::value_of_kind(static_cast<std::uint8_t>(kinds[turn % kinds.size()]));
    value.value.u64 = turn;
    table.add(header.name, value);
  }
}

void check_size(const amqp_basic_properties_t& properties) {
  require(
      rabbitmq::header_frame_bytes(properties) == around_properties + encoded(properties).size(),
      "the size of a frame is what rabbitmq-c encodes");
}

void check_inject(const waybill::context& context, const amqp_basic_properties_t& given,
                  const std::string& others, const waybill::propagation& settings,
                  std::size_t frame_bytes_max) {
  const std::string before = encoded(given);
  const auto sent =
      rabbitmq::inject(context, given, settings, {"exchange", "key"}, frame_bytes_max);
  require(encoded(given) == before, "inject never writes to what was given");
  check_size(*sent.get());
  const auto& report = sent.report();
  if (frame_bytes_max != 0 && (report.trace || report.tracestate || report.baggage)) {
    require(rabbitmq::header_frame_bytes(*sent.get()) <= frame_bytes_max,
            "fields are written only where the frame has room for them");
  }
  amqp_basic_properties_t received = *sent.get();
  std::vector<amqp_table_entry_t> entries;
  for (const amqp_table_entry_t& each : rabbitmq::entries_of(received)) entries.push_back(each);
  received.headers.entries = entries.data();
  const waybill::context read =
      rabbitmq::take(received, settings, waybill::any_destination).context();
  if (context.has_trace() && report.code == waybill::errc::ok &&
      settings.limits().field_scan_bytes_max >= 55) {
    require(read == context, "reads as it was written");
  }
  require(encoded(received.headers) == others, "the application's headers are as they were");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  waybill_fuzz::input from(data, size);
  const unsigned choice = from.byte();  // a broker's rules whatever it says
  const unsigned limits_choice = from.byte();
  const waybill::propagation settings(
      waybill::propagation_options{.limits = waybill_fuzz::limits_of(limits_choice)});
  own_table nested{{"traceparent", "of the application"}, {"n", "1"}};
  own_table table;
  own_table rest;
  std::vector<reference_header> shown;
  std::size_t turn = 0;
  for (reference_header& header : waybill_fuzz::headers_of(from, choice)) {
    header.name.resize(std::min(header.name.size(), name_bytes_max));
    // AMQP has no null: void is a type that carries no text.
    if (header.kind == waybill::value_kind::null) header.kind = waybill::value_kind::not_text;
    add(table, nested, header, turn);
    if (!is_field(header.name)) add(rest, nested, header, turn);
    shown.push_back(header);
    ++turn;
  }
  const amqp_basic_properties_t& properties = table.properties();
  const std::string others = encoded(rest.get());
  check_size(properties);

  const waybill::extraction read = rabbitmq::extract(properties, settings, "queue");
  const auto expected =
      waybill_test::reference::extract(shown, waybill::broker_rules, settings.limits());
  const std::string difference =
      waybill_test::first_difference(expected, read.context(), read.report());
  require(difference.empty(), difference);
  if (const auto view = rabbitmq::peek(properties, settings, "queue"); view.has_value()) {
    require(waybill::context(*view) == read.context(), "peek shows what extract copies");
  }
  require(rabbitmq::count_deliveries(properties, "queue", false).attempt >= 1,
          "there is an attempt");

  check_inject(read.context(), properties, others, settings, 0);
  check_inject(
      read.context(), properties, others, settings,
      rabbitmq::header_frame_bytes(properties).value_or(0) + std::size_t{limits_choice} * 4);
  amqp_table_t stripped = properties.headers;
  rabbitmq::strip(stripped, settings);
  require(encoded(stripped) == others, "strip takes the fields alone");
  return 0;
}

// Header lists of librdkafka with whatever bytes: null values, NUL in names and values, any number
// of headers. Read as the reference reads them; taken, stripped and written without a change to
// the application's own headers. The input is laid out as core/fuzz/README.md says.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <waybill/kafka/carrier.hpp>
#include <waybill/kafka/headers.hpp>

#include "../../../core/fuzz/support/headers.hpp"
#include "../../../core/fuzz/support/require.hpp"
#include "../../../testing/support/difference.hpp"
#include "../tests/support/bare_headers.hpp"

namespace {

namespace kafka = waybill::kafka;
using waybill_fuzz::require;
using waybill_test::bare_headers;

/// What librdkafka shows of the headers: names up to their first NUL, and null values.
std::vector<waybill_test::reference::header> as_shown(const bare_headers& headers) {
  std::vector<waybill_test::reference::header> shown;
  for (const auto& each : headers) {
    shown.push_back(
        {each.name, each.value.value_or(""),
         each.value.has_value() ? waybill::value_kind::text : waybill::value_kind::null});
  }
  return shown;
}

bare_headers without_any_field(const bare_headers& headers) {
  bare_headers rest;
  for (const auto& each : headers) {
    const std::string name = waybill_test::reference::lowered(each.name);
    if (name != "traceparent" && name != "tracestate" && name != "baggage") rest.push_back(each);
  }
  return rest;
}

/// The same headers through the adapter's own list and through librdkafka alone.
kafka::headers made_of(const std::vector<waybill_test::reference::header>& headers) {
  kafka::headers made(rd_kafka_headers_new(0));
  bare_headers bare;
  for (const auto& each : headers) {
    if (each.kind == waybill::value_kind::text) {
      made.add(each.name, each.value);
      bare.push_back({each.name, each.value});
    } else {
      made.add_null(each.name);
      bare.push_back({each.name, std::nullopt});
    }
  }
  const waybill_test::owned_list list = waybill_test::make_list(bare);
  require(waybill_test::headers_of(made.get()) == waybill_test::headers_of(list.get()),
          "a header is added as librdkafka adds it");
  return made;
}

void check_inject(const waybill::context& context, rd_kafka_headers_t& list,
                  const waybill::propagation& settings) {
  const bare_headers others = without_any_field(waybill_test::headers_of(&list));
  const waybill::inject_report report =
      kafka::inject(context, list, settings, waybill::any_destination);
  const bare_headers sent = waybill_test::headers_of(&list);
  require(without_any_field(sent) == others, "inject leaves the application's headers alone");
  if (context.is_empty()) return;
  require(report.code == waybill::errc::ok, "what was within the limits still is");
  if (context.has_trace() && settings.limits().field_scan_bytes_max >= 55) {
    require(kafka::extract(&list, settings, waybill::any_destination).context() == context,
            "reads as it was written");
    const std::size_t fields = 1U + (report.tracestate ? 1U : 0U) + (report.baggage ? 1U : 0U);
    require(sent.size() == others.size() + fields, "each field is there once");
  }
  kafka::inject(context, list, settings, waybill::any_destination);
  const bare_headers again = waybill_test::headers_of(&list);
  require(again.size() == sent.size() && without_any_field(again) == others,
          "writing again adds nothing");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  waybill_fuzz::input from(data, size);
  waybill::propagation_options options;
  const unsigned choice = from.byte();  // a broker's rules whatever it says
  options.limits = waybill_fuzz::limits_of(from.byte());
  const waybill::propagation settings(std::move(options));
  kafka::headers list = made_of(waybill_fuzz::headers_of(from, choice));
  const bare_headers before = waybill_test::headers_of(list.get());
  const bare_headers others = without_any_field(before);

  const waybill::extraction read = kafka::extract(list.get(), settings, waybill::any_destination);
  const auto expected =
      waybill_test::reference::extract(as_shown(before), waybill::broker_rules, settings.limits());
  const std::string difference =
      waybill_test::first_difference(expected, read.context(), read.report());
  require(difference.empty(), difference);
  require(waybill_test::headers_of(list.get()) == before, "reading changes nothing");
  if (const auto view = kafka::peek(list.get(), settings, waybill::any_destination);
      view.has_value()) {
    require(waybill::context(*view) == read.context(), "peek shows what extract copies");
  }

  kafka::headers to_strip = kafka::headers::copy_of(list.get());
  const waybill::errc stripped = kafka::strip(to_strip.get(), settings, waybill::any_destination);
  // Of a hostile list the fields stay, all of them.
  const bare_headers& left = stripped == waybill::errc::too_many_fields ? before : others;
  require(stripped == waybill::errc::ok || before.size() > 1'000, "a short list is stripped");
  require(waybill_test::headers_of(to_strip.get()) == left, "strip takes only the fields");
  check_inject(read.context(), *to_strip.get(), settings);

  const kafka::headers to_write = kafka::headers::copy_of(list.get());
  check_inject(read.context(), *to_write.get(), settings);
  const waybill::extraction taken = kafka::take(list.get(), settings, waybill::any_destination);
  require(taken.context() == read.context(), "take reads what extract reads");
  require(waybill_test::headers_of(list.get()) == left, "take takes only the fields");
  return 0;
}

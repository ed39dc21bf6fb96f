// Property lists of Paho with whatever bytes: NUL and control characters in names and values,
// CloudEvents, stamps, any number of properties and other kinds between them. Read as the reference
// reads them; taken, stripped and written, in place and on a copy, without a change to any other
// property. The input is laid out as core/fuzz/README.md says.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>
#include <waybill/mqtt/carrier.hpp>
#include <waybill/mqtt/packet.hpp>

#include "../../../core/fuzz/support/headers.hpp"
#include "../../../core/fuzz/support/require.hpp"
#include "../../../testing/support/difference.hpp"
#include "../tests/support/property_lists.hpp"

namespace {

namespace mqtt = waybill::mqtt;
using waybill_fuzz::require;
using waybill_test::described;
using waybill_test::owned_properties;
using texts = std::vector<std::string>;
using header = waybill_test::reference::header;

/// A null value of the input makes another property of the headers' name and value.
void fill(owned_properties& list, std::vector<header>& headers) {
  std::vector<header> shown;
  for (const header& each : headers) {
    const std::string name = each.name.substr(0, mqtt::property_text_bytes_max);
    const std::string value = each.value.substr(0, mqtt::property_text_bytes_max);
    if (each.kind == waybill::value_kind::null) {
      list.add(MQTTPROPERTY_CODE_CONTENT_TYPE, name);
    } else if (each.kind == waybill::value_kind::not_text) {
      list.add(MQTTPROPERTY_CODE_SUBSCRIPTION_IDENTIFIER, 268'435'455U);
    } else {
      list.add(name, value);
      shown.push_back({name, value, waybill::value_kind::text});
    }
  }
  headers = shown;
}

struct kept_properties {
  texts others;  // what is no field of ours
  bool is_event = false;
  bool has_event_trace = false;
};

/// By the text of the rules, apart from the code that is tested.
kept_properties kept_of(const MQTTProperties& list) {
  kept_properties kept;
  const auto name_of = [](const MQTTProperty& each) {
    return std::string(mqtt::property_reader::text_of(each.value.data));
  };
  unsigned attributes = 0;
  for (int pass = 0; pass < 2; ++pass) {
    for (int i = 0; i < list.count; ++i) {
      const MQTTProperty& each = list.array[i];
      const bool is_user = each.identifier == MQTTPROPERTY_CODE_USER_PROPERTY;
      const std::string name = is_user ? name_of(each) : "";
      const bool is_attribute = name == "traceparent" || name == "tracestate";
      if (pass == 0) {
        const bool has_value = is_user && each.value.value.len > 0;
        for (unsigned n = 0; const char* attribute : {"specversion", "id", "source", "type"}) {
          if (has_value && name == attribute) attributes |= 1U << n;
          ++n;
        }
        kept.has_event_trace |= is_attribute;
        continue;
      }
      const std::string lowered = waybill_test::reference::lowered(name);
      const bool is_ours = lowered == "traceparent" || lowered == "tracestate" ||
                           lowered == "baggage" || lowered == mqtt::sent_time_name;
      const bool is_events = kept.has_event_trace && is_attribute;
      if (!is_user || !is_ours || is_events) kept.others.push_back(described(each));
    }
    kept.is_event = attributes == 0b1111;
    kept.has_event_trace &= kept.is_event;
  }
  return kept;
}

void check_length(const MQTTProperties& list) {
  require(list.length == owned_properties(list).list().length, "the length is Paho's own");
}

void check_inject(const waybill::context& context, owned_properties& list,
                  const waybill::propagation& settings) {
  const kept_properties kept = kept_of(list.list());
  const texts before = described(list.list());
  mqtt::edited_properties edited(list.list());
  mqtt::inject(context, edited, settings, waybill::any_destination);
  require(described(list.list()) == before, "a list that is edited stays as it was");
  const waybill::inject_report report =
      mqtt::inject(context, list.list(), settings, waybill::any_destination);
  require(described(edited.c_struct()) == described(list.list()), "both ways write the same");
  require(edited.c_struct().length == list.list().length, "and count the same bytes");
  require(kept_of(list.list()).others == kept.others || !kept.has_event_trace,
          "what is an event's own stays");
  check_length(list.list());
  if (context.is_empty()) {
    require(described(list.list()) == before, "nothing is written of nothing");
    return;
  }
  require(report.code == waybill::errc::ok, "what was within the limits still is");
  if (context.has_trace() && !kept.is_event && settings.limits().field_scan_bytes_max >= 55) {
    require(kept_of(list.list()).others == kept.others, "inject leaves all else alone");
    require(mqtt::extract(list.list(), settings, waybill::any_destination).context() == context,
            "reads as it was written");
  }
  const texts sent = described(list.list());
  mqtt::inject(context, list.list(), settings, waybill::any_destination);
  require(described(list.list()).size() == sent.size(), "writing again adds nothing");
}

void check_room(owned_properties& list, const waybill::context& context,
                const waybill::propagation& settings, unsigned choice) {
  const mqtt::publish_packet packet{choice % 32, std::size_t{choice} * 7,
                                    static_cast<int>(choice % 3)};
  owned_properties bare(list.list());
  mqtt::strip(bare.list(), settings, waybill::any_destination);
  const std::size_t limit = mqtt::encoded_bytes(packet, bare.list()) + choice;
  if (!context.has_trace()) return;
  mqtt::inject(
      context, list.list(), settings, waybill::any_destination,
      {.budget = mqtt::room_in_packet(packet, list.list(), settings, limit), .stamps_time = true});
  require(mqtt::encoded_bytes(packet, list.list()) <= limit, "a packet keeps to its limit");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  waybill_fuzz::input from(data, size);
  const unsigned choice = from.byte();  // a broker's rules whatever it says
  const waybill::propagation settings(
      waybill::propagation_options{.limits = waybill_fuzz::limits_of(from.byte())});
  std::vector<header> headers = waybill_fuzz::headers_of(from, choice);
  owned_properties list;
  fill(list, headers);
  check_length(list.list());
  const texts before = described(list.list());
  const kept_properties kept = kept_of(list.list());

  const waybill::extraction read = mqtt::extract(list.list(), settings, waybill::any_destination);
  const auto expected =
      waybill_test::reference::extract(headers, waybill::broker_rules, settings.limits());
  const std::string difference =
      waybill_test::first_difference(expected, read.context(), read.report());
  require(difference.empty(), difference);
  static_cast<void>(mqtt::age_of(list.list(), read.sender(), std::chrono::system_clock::now()));
  require(described(list.list()) == before, "reading changes nothing");
  if (const auto view = mqtt::peek(list.list(), settings, waybill::any_destination);
      view.has_value()) {
    require(waybill::context(*view) == read.context(), "peek shows what extract copies");
  }

  owned_properties stripped(list.list());
  mqtt::strip(stripped.list(), settings, waybill::any_destination);
  require(described(stripped.list()) == kept.others, "strip takes the fields alone");
  check_length(stripped.list());
  mqtt::edited_properties edited(list.list());
  edited.strip(settings.propagator());
  require(described(edited.c_struct()) == kept.others, "so it does of a copy");
  check_inject(read.context(), stripped, settings);

  owned_properties again(list.list());
  check_inject(read.context(), again, settings);
  check_room(again, read.context(), settings, choice);
  const waybill::extraction taken = mqtt::take(list.list(), settings, waybill::any_destination);
  require(taken.context() == read.context(), "take reads what extract reads");
  require(described(list.list()) == kept.others, "take takes the fields alone");
  return 0;
}

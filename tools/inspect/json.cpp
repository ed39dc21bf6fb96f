#include "json.hpp"

#include <nlohmann/json.hpp>
#include <waybill/baggage.hpp>
#include <waybill/tracestate.hpp>

#include "words.hpp"

namespace waybill::tool {

namespace {

using json = nlohmann::ordered_json;  // in the order of the documentation

json trace_of(const span_context& trace) {
  if (!trace.is_valid()) return nullptr;
  return json{{"trace_id", std::string(trace.trace_id().hex())},
              {"span_id", std::string(trace.span_id().hex())},
              {"flags", flags_of(trace)},
              {"sampled", trace.is_sampled()},
              {"random", trace.is_random()}};
}

json tracestate_of(const context& understood) {
  json members = json::array();
  for (const tracestate_member& each : tracestate_view(understood)) {
    members.push_back(json{{"key", std::string(each.key)}, {"value", std::string(each.value)}});
  }
  return members;
}

json baggage_of(const context& understood) {
  json members = json::array();
  for (const baggage_member& each : baggage_view(understood)) {
    json properties = json::array();
    for (const baggage_property& property : each.properties()) {
      json value = nullptr;
      if (property.value.has_value()) value = *property.value;
      properties.push_back(json{{"key", property.key}, {"value", std::move(value)}});
    }
    members.push_back(json{{"key", std::string(each.key)},
                           {"value", each.value()},
                           {"properties", std::move(properties)}});
  }
  return members;
}

json fields_of(const inspection& seen) {
  json fields = json::object();
  for (std::size_t i = 0; i < seen.formats.fields().size(); ++i) {
    fields[std::string(seen.formats.fields()[i].name)] = std::string(name(seen.report.fields[i]));
  }
  return fields;
}

json inject_of(const header_list& sent_on) {
  json headers = json::object();
  for (const header_list::header& each : sent_on) headers[each.name] = each.value;
  return headers;
}

}  // namespace

std::string to_json(const inspection& seen) {
  json object = json::object();
  object["trace"] = trace_of(seen.understood.span_context());
  object["tracestate"] = tracestate_of(seen.understood);
  object["baggage"] = baggage_of(seen.understood);
  object["fields"] = fields_of(seen);
  object["inject"] = inject_of(seen.sent_on);
  constexpr int indent = 2;
  return object.dump(indent, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace waybill::tool

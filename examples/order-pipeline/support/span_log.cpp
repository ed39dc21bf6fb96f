#include "span_log.hpp"

#include <chrono>
#include <memory>
#include <waybill/baggage.hpp>
#include <waybill/current.hpp>

namespace order_pipeline {

namespace {

using system_time = std::chrono::system_clock::time_point;

std::string nanoseconds(system_time at) {
  return std::to_string(
      std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count());
}

// OpenTelemetry's span kinds for messaging.
std::string_view kind_of(const waybill::operation& what) {
  switch (what.kind()) {
    case waybill::operation_kind::create:
      return "PRODUCER";
    case waybill::operation_kind::send:
      return what.injects() ? "PRODUCER" : "CLIENT";
    case waybill::operation_kind::process:
      return "CONSUMER";
    case waybill::operation_kind::receive:
    case waybill::operation_kind::settle:
      break;
  }
  return "CLIENT";
}

std::string_view name_of(waybill::outcome_state state) {
  switch (state) {
    case waybill::outcome_state::succeeded:
      return "succeeded";
    case waybill::outcome_state::failed:
      return "failed";
    case waybill::outcome_state::purged:
      return "purged";
    case waybill::outcome_state::unanswered:
      return "unanswered";
    case waybill::outcome_state::unknown:
      break;
  }
  return "unknown";
}

log_entry begin_span(const std::string& service, std::string_view name, std::string_view kind,
                     const waybill::context_view& parent, waybill::context& started,
                     system_time at) {
  // The baggage goes on in either case.
  started = waybill::context(parent);
  started = parent.has_trace() ? started.new_child()
                               : started.with_span_context(waybill::span_context::new_root(true));
  log_entry span("span");
  span.add("service", service).add("name", name).add("kind", kind);
  span.add("trace", started.span_context().trace_id().hex());
  span.add("span", started.span_context().span_id().hex());
  if (parent.has_trace()) span.add("parent", parent.span_context().span_id().hex());
  return span.add("start_ns", nanoseconds(at));
}

}  // namespace

waybill::span_handle span_log::start(const waybill::operation& what,
                                     const waybill::context_view& parent,
                                     std::span<const waybill::span_context> links,
                                     waybill::context& started) noexcept try {
  const std::string_view template_or_name =
      what.destination_template().empty() ? what.destination().name : what.destination_template();
  const std::string name = std::string(what.name()) + ' ' + std::string(template_or_name);
  const system_time at = what.started_at().value_or(std::chrono::system_clock::now());
  auto span =
      std::make_unique<log_entry>(begin_span(service_, name, kind_of(what), parent, started, at));
  for (const waybill::span_context& link : links) {
    span->add("link", std::string(link.trace_id().hex()) + ' ' + link.span_id().hex().c_str());
  }
  span->add("messaging.system", what.system());
  span->add("messaging.destination.name", what.destination().name);
  if (!what.consumer_group().empty()) {
    span->add("messaging.consumer.group.name", what.consumer_group());
  }
  if (!what.message_key().empty()) span->add("messaging.kafka.message.key", what.message_key());
  return {span.release()};
} catch (...) {
  return {};
}

waybill::span_handle span_log::start(std::string_view name, std::string_view kind,
                                     const waybill::context_view& parent,
                                     waybill::context& started) {
  return {new log_entry(
      begin_span(service_, name, kind, parent, started, std::chrono::system_clock::now()))};
}

void span_log::end(waybill::span_handle span, const waybill::outcome& result) noexcept try {
  const std::unique_ptr<log_entry> ended(static_cast<log_entry*>(span.state));
  ended->add("end_ns", nanoseconds(std::chrono::system_clock::now()));
  ended->add("outcome", name_of(result.state()));
  if (!result.error().empty()) ended->add("error.type", result.error());
  if (result.offset().has_value()) {
    ended->add("messaging.kafka.offset", std::to_string(*result.offset()));
  }
  log_.append(*ended);
} catch (...) {
  return;  // A span that cannot be written is no reason to stop the pipeline.
}

void span_log::saw(std::string_view order, std::string_view body,
                   const std::vector<header>& headers,
                   std::span<const std::string_view> repeated_fields) {
  const waybill::context& current = waybill::current();
  log_entry entry("saw");
  entry.add("service", service_).add("order", order).add("body", body);
  for (const header& each : headers) entry.add(each);
  if (current.has_trace()) {
    entry.add("trace", current.span_context().trace_id().hex());
    entry.add("span", current.span_context().span_id().hex());
  }
  entry.add("tracestate", current.tracestate_text());
  for (const waybill::baggage_member& member : waybill::baggage_view(current)) {
    entry.add("baggage", std::string(member.key) + " = " + member.value());
  }
  for (const std::string_view name : repeated_fields) entry.add("repeated", name);
  log_.append(entry);
}

void span_log::did(std::string_view order, std::string_view what) {
  log_.append(log_entry("did").add("service", service_).add("order", order).add("what", what));
}

void span_log::arrived(std::string_view order, const std::vector<header>& headers) {
  log_entry entry("arrived");
  entry.add("service", service_).add("order", order);
  for (const header& each : headers) entry.add(each);
  log_.append(entry);
}

std::vector<std::string_view> repeated_fields(const waybill::extraction& taken,
                                              const waybill::propagation& settings) {
  std::vector<std::string_view> names;
  const auto fields = settings.propagator().fields();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (((taken.report().repeated >> i) & 1) != 0) names.push_back(fields[i].name);
  }
  return names;
}

}  // namespace order_pipeline

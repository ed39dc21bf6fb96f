#include "waybill/messaging/receiving.hpp"

#include <utility>

namespace waybill::inline v0::messaging {

message_span::message_span(message_span&& other) noexcept
    : settings_(std::move(other.settings_)), span_(std::exchange(other.span_, {})) {}

message_span& message_span::operator=(message_span&& other) noexcept {
  if (this == &other) return *this;
  abandon();
  settings_ = std::move(other.settings_);
  span_ = std::exchange(other.span_, {});
  return *this;
}

void message_span::start(const operation& operation, const context_view& parent,
                         std::span<const span_context> links, context& started,
                         const propagation& settings) noexcept {
  span_ = settings.tracer()->start(operation, parent, links, started);
  if (span_) settings_ = settings;
}

void message_span::end(const outcome& outcome) noexcept {
  if (span_) settings_.tracer()->end(std::exchange(span_, {}), outcome);
}

void message_span::abandon() noexcept { end(outcome(outcome_state::failed, "exception")); }

processing::processing(const extraction& received, const destination& destination,
                       const operation_source& source, const propagation& settings) noexcept
    : context_(received.context()) {
  if (settings.tracer() == nullptr) return;
  // The trace that begins at a boundary is the tracer's to begin.
  const bool continues = received.parent() != nullptr;
  const context_view parent =
      continues ? context_view(context_) : context_view(context_).without_trace();
  operation process(operation_kind::process, destination, source);
  process.set_injects(false);
  waybill::context started;
  start(process, parent, received.creation(), started, settings);
  if (!started.is_empty()) context_ = std::move(started);
}

settling::settling(const extraction& received, const destination& destination,
                   const operation_source& source, const propagation& settings) noexcept {
  if (settings.tracer() == nullptr) return;
  operation settle(operation_kind::settle, destination, source);
  settle.set_injects(false);
  waybill::context started;
  start(settle, context_view(received.context()), received.creation(), started, settings);
}

void trace_receive(const destination& destination, const operation_source& source,
                   std::chrono::system_clock::time_point began, std::span<const span_context> links,
                   const propagation& settings) noexcept {
  if (settings.tracer() == nullptr) return;
  operation receive(operation_kind::receive, destination, source);
  receive.set_injects(false);
  receive.set_started_at(began);
  context storage;
  context started;
  const context_view parent(settings.current(storage));
  const span_handle span = settings.tracer()->start(receive, parent, links, started);
  if (span) settings.tracer()->end(span, outcome(outcome_state::succeeded));
}

void receiving::batch::give(received& message, const destination& from) noexcept {
  message.use_ = context_use(message.taken_, walk_.settings_);
  ++messages_;
  if (walk_.settings_.tracer() == nullptr) return;
  // A span cannot name several destinations.
  if (messages_ == 1) {
    from_ = from;
  } else if (from != from_) {
    from_ = any_destination;
  }
  const std::span<const span_context> creation = message.taken_.creation();
  // A link that there is no memory for is no reason to lose the message.
  WAYBILL_TRY { links_.insert(links_.end(), creation.begin(), creation.end()); }
  WAYBILL_CATCH_ALL {}
}

void receiving::batch::end(const operation_source& source) const noexcept {
  if (messages_ != 0) trace_receive(from_, source, began_, links_, walk_.settings_);
}

}  // namespace waybill::inline v0::messaging

#include "waybill/incoming.hpp"

#include <utility>

namespace waybill::inline v0 {

processing::processing(const extraction& received, const operation& what,
                       const propagation& with) noexcept
    : with_(with) {
  context under = received.context();
  if (with.tracer != nullptr) {
    // The trace that begins at a boundary is the tracer's to begin.
    const bool continues = received.parent() != nullptr;
    const context_view parent =
        continues ? context_view(under) : context_view(under).without_trace();
    context started;
    span_ = with.tracer->start(what, parent, received.creation(), started);
    if (!started.is_empty()) under = std::move(started);
  }
  active_.emplace(std::move(under), *with.provider);
}

processing::~processing() {
  active_.reset();
  if (!span_) return;
  outcome ended{.state = succeeded_ ? outcome_state::succeeded : outcome_state::failed};
  if (!succeeded_) ended.error = "exception";
  with_.tracer->end(span_, ended);
}

settling::settling(const extraction& received, const operation& what,
                   const propagation& with) noexcept
    : with_(with) {
  if (with.tracer == nullptr) return;
  context started;
  span_ = with.tracer->start(what, context_view(received.context()), received.creation(), started);
}

settling::~settling() { end({.state = outcome_state::failed, .error = "exception"}); }

void settling::end(const outcome& result) noexcept {
  if (span_) with_.tracer->end(std::exchange(span_, {}), result);
}

void trace_receive(const operation& what, std::span<const trace_context> links,
                   const propagation& with) noexcept {
  if (with.tracer == nullptr) return;
  context storage;
  context started;
  const context_view parent(with.provider->current(storage));
  const span_handle span = with.tracer->start(what, parent, links, started);
  if (span) with.tracer->end(span, {.state = outcome_state::succeeded});
}

}  // namespace waybill::inline v0

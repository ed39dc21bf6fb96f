#pragma once

#include <span>

#include "waybill/context.hpp"
#include "waybill/messaging/operation.hpp"
#include "waybill/messaging/outcome.hpp"

namespace waybill::inline v0 {

/// A span between start and end. It belongs to the tracer: waybill only hands it back.
struct span_handle {
  void* state = nullptr;  ///< Whatever start() wants end() to have; null: no span.
  /// Whether there is a span to end.
  [[nodiscard]] explicit operator bool() const noexcept { return state != nullptr; }
};

/// Makes spans: implemented for a tracing SDK, or by an application. The walks call it; without one
/// the current context is passed on as it is, which keeps the trace whole through services that do
/// no tracing.
/// @par Threads   any; end() may be called on another thread than start().
/// @par Errors    must not throw.
class WAYBILL_API tracer {
 public:
  tracer() = default;
  tracer(const tracer&) = delete;
  tracer& operator=(const tracer&) = delete;
  virtual ~tracer();

  /// Starts a span.
  /// @par Input    `parent`: what to continue, with its baggage; empty for a new trace.
  ///               `links`: span contexts to link to; they are there at the start.
  /// @par Output   `started`: the context to send on and to set as current, baggage included.
  ///               A handle for end(); a null one when there is nothing to end.
  virtual span_handle start(const operation& operation, const context_view& parent,
                            std::span<const span_context> links, context& started) noexcept = 0;
  /// Ends a span, exactly once for each handle that is not null.
  virtual void end(span_handle span, const outcome& outcome) noexcept = 0;
};

}  // namespace waybill::inline v0

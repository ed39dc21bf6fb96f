#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "waybill/boundary.hpp"
#include "waybill/context.hpp"

namespace waybill::inline v0 {

/// OpenTelemetry's messaging.operation.type.
enum class operation_kind : std::uint8_t { create, send, receive, process, settle };

/// What a wrapper is about to do: what a tracer names and describes a span by. Borrows its text
/// for the call.
/// @par Spec   OpenTelemetry semantic conventions, messaging spans.
struct operation {
  operation_kind kind = operation_kind::send;  ///< What is done.
  std::string_view system{};                   ///< messaging.system: "kafka".
  std::string_view name{};   ///< messaging.operation.name, the system's own word: "send", "poll".
  destination where{};       ///< messaging.destination.name.
  std::string_view queue{};  ///< RabbitMQ's, which a consumer reads; or empty.
  std::string_view destination_template{};  ///< messaging.destination.template, such as a filter.
  std::string_view consumer_group{};        ///< messaging.consumer.group.name; empty of senders.
  std::string_view client_id{};             ///< messaging.client.id.
  std::string_view message_key{};           ///< The system's own key, such as Kafka's; any bytes.
  std::optional<std::int32_t> partition{};  ///< Unset where it is not known yet, or never.
  std::optional<std::int64_t> offset{};     ///< Unset where it is not known yet, or never.
  std::optional<std::uint64_t> delivery_tag{};  ///< RabbitMQ's, of a message that came.
  std::string_view message_id{};                ///< messaging.message.id; or empty.
  std::string_view conversation_id{};           ///< messaging.message.conversation_id; or empty.
  std::optional<std::size_t> batch_messages{};  ///< Of batch operations alone.
  std::optional<std::size_t> body_bytes{};      ///< messaging.message.body.size.
  bool tombstone = false;                       ///< Whether the body is null.
  /// False when the message carries another context than this span's: then it is a CLIENT span.
  bool injects = true;
  /// When the operation began, where that is before the call (a poll).
  std::optional<std::chrono::system_clock::time_point> started_at{};
};

/// How an operation ended.
enum class outcome_state : std::uint8_t {
  succeeded,   ///< Sent: acknowledged. Processed: the handler returned.
  failed,      ///< The broker, the client library or the handler failed.
  purged,      ///< The application threw the message away before it was sent.
  unanswered,  ///< The client was closed before there was an answer.
  unknown,     ///< Nobody can know (no acknowledgements asked for, no observer installed).
};

/// What became of an operation: what its span ends with. Borrows its text for the call.
struct outcome {
  outcome_state state = outcome_state::succeeded;  ///< How it ended.
  std::string_view error{};  ///< error.type, such as the client library's name of the error.
  std::optional<std::int32_t> partition{};  ///< Where a sent message got to.
  std::optional<std::int64_t> offset{};     ///< Its place there.
};

/// A span between start and end. The tracer's own: waybill only hands it back.
struct span_handle {
  void* state = nullptr;  ///< Whatever start() wants end() to have; null: no span.
  /// Whether there is a span to end.
  [[nodiscard]] explicit operator bool() const noexcept { return state != nullptr; }
};

/// What makes spans: implemented for a tracing SDK, or by an application. Wrappers call it; when
/// there is none the current context is passed on as it is, which keeps the trace whole through
/// services that do no tracing.
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
  ///               `links`: positions to link to; they are there at the start.
  /// @par Output   `started`: the context to send on and to set as current, baggage included.
  ///               A handle for end(); a null one when there is nothing to end.
  virtual span_handle start(const operation& what, const context_view& parent,
                            std::span<const trace_context> links, context& started) noexcept = 0;
  /// Ends a span, exactly once for each handle that is not null.
  virtual void end(span_handle span, const outcome& result) noexcept = 0;
};

}  // namespace waybill::inline v0

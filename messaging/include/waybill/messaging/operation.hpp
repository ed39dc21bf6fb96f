#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>

#include "waybill/boundary.hpp"
#include "waybill/config.hpp"

namespace waybill::inline v0 {

/// OpenTelemetry's messaging.operation.type.
enum class operation_kind : std::uint8_t { create, send, receive, process, settle };

/// What an adapter says of an operation. Only adapters make one; a tracer sees `operation`, so new
/// members here do not change what a tracer is compiled against. Borrows its text for the call.
struct operation_details {
  std::string_view system{};  ///< messaging.system: "kafka".
  std::string_view name{};    ///< messaging.operation.name, the system's own word: "send", "poll".
  std::string_view queue{};   ///< RabbitMQ: the queue that a consumer reads; or empty.
  std::string_view destination_template{};  ///< messaging.destination.template, such as a filter.
  std::string_view consumer_group{};        ///< messaging.consumer.group.name; empty of senders.
  std::string_view client_id{};             ///< messaging.client.id.
  std::string_view message_key{};           ///< The system's own key, such as Kafka's; any bytes.
  std::optional<std::int32_t> partition{};  ///< Unset where it is not known yet, or never.
  std::optional<std::int64_t> offset{};     ///< Unset where it is not known yet, or never.
  std::optional<std::uint64_t> delivery_tag{};  ///< RabbitMQ, of a received message.
  std::string_view message_id{};                ///< messaging.message.id; or empty.
  std::string_view conversation_id{};           ///< messaging.message.conversation_id; or empty.
  std::optional<std::size_t> batch_messages{};  ///< Of batch operations only.
  std::optional<std::size_t> body_bytes{};      ///< messaging.message.body.size.
  bool tombstone = false;                       ///< Whether the payload is null.
};

/// Makes the details of an operation when somebody asks for them: any callable that returns
/// operation_details.
/// @par Lifetime   borrows the callable.
class operation_source {
 public:
  /// Borrows `describe`, which must not throw.
  template <class F>
  requires std::is_invocable_r_v<operation_details, const F&>
  // NOLINTNEXTLINE(*-explicit-*): a lambda is an argument
  operation_source(const F& describe)
  noexcept
      : describe_(std::addressof(describe)), call_([](const void* f) noexcept {
          return operation_details((*static_cast<const F*>(f))());
        }) {}

  /// Calls the callable.
  [[nodiscard]] operation_details operator()() const noexcept { return call_(describe_); }

 private:
  const void* describe_;
  operation_details (*call_)(const void*) noexcept;
};

/// The value of an attribute: text, a number or a truth value. Borrows its text for the call.
class attribute_value {
 public:
  /// The kinds of values there are. More may come.
  enum class kind : std::uint8_t { text, number, boolean };

  /// One of each kind.
  /// @{
  explicit attribute_value(std::string_view text) noexcept : text_(text) {}
  explicit attribute_value(std::int64_t number) noexcept : kind_(kind::number), number_(number) {}
  explicit attribute_value(bool value) noexcept : kind_(kind::boolean), number_(value ? 1 : 0) {}
  /// @}

  /// Which kind it is.
  [[nodiscard]] kind type() const noexcept { return kind_; }
  /// The value of its kind; of another kind an empty text, 0 or false.
  /// @{
  [[nodiscard]] std::string_view text() const noexcept { return text_; }
  [[nodiscard]] std::int64_t number() const noexcept { return kind_ == kind::number ? number_ : 0; }
  [[nodiscard]] bool boolean() const noexcept { return kind_ == kind::boolean && number_ != 0; }
  /// @}

 private:
  kind kind_ = kind::text;
  std::int64_t number_ = 0;
  std::string_view text_;
};

/// Takes attributes by the names of OpenTelemetry's semantic conventions.
using attribute_visitor = void (*)(void* state, std::string_view name,
                                   const attribute_value& value);

/// What a walk is about to do: a tracer names and describes a span by it. Its details are made when
/// somebody first asks for them, so an operation that nobody looks at costs nothing.
/// @par Lifetime   during tracer::start; borrows its text.
/// @par Threads    one.
/// @par Spec       OpenTelemetry semantic conventions 1.44, messaging spans.
class WAYBILL_API operation {
 public:
  /// `source` is asked once at most.
  operation(operation_kind kind, const destination& destination,
            const operation_source& source) noexcept
      : kind_(kind), destination_(destination), source_(source) {}
  operation(const operation&) = delete;
  operation& operator=(const operation&) = delete;

  /// What is done.
  [[nodiscard]] operation_kind kind() const noexcept { return kind_; }
  /// Where the message goes to or comes from.
  [[nodiscard]] const waybill::destination& destination() const noexcept { return destination_; }
  /// False when the message carries another context than this span's: then it is a CLIENT span.
  [[nodiscard]] bool injects() const noexcept { return injects_; }
  /// When the operation began, where that is before the call (a poll).
  [[nodiscard]] std::optional<std::chrono::system_clock::time_point> started_at() const noexcept {
    return started_at_;
  }

  /// As of operation_details.
  /// @{
  [[nodiscard]] std::string_view system() const noexcept { return details().system; }
  [[nodiscard]] std::string_view name() const noexcept { return details().name; }
  [[nodiscard]] std::string_view queue() const noexcept { return details().queue; }
  [[nodiscard]] std::string_view destination_template() const noexcept {
    return details().destination_template;
  }
  [[nodiscard]] std::string_view consumer_group() const noexcept {
    return details().consumer_group;
  }
  [[nodiscard]] std::string_view client_id() const noexcept { return details().client_id; }
  [[nodiscard]] std::string_view message_key() const noexcept { return details().message_key; }
  [[nodiscard]] std::optional<std::int32_t> partition() const noexcept {
    return details().partition;
  }
  [[nodiscard]] std::optional<std::int64_t> offset() const noexcept { return details().offset; }
  [[nodiscard]] std::optional<std::uint64_t> delivery_tag() const noexcept {
    return details().delivery_tag;
  }
  [[nodiscard]] std::string_view message_id() const noexcept { return details().message_id; }
  [[nodiscard]] std::string_view conversation_id() const noexcept {
    return details().conversation_id;
  }
  [[nodiscard]] std::optional<std::size_t> batch_messages() const noexcept {
    return details().batch_messages;
  }
  [[nodiscard]] std::optional<std::size_t> body_bytes() const noexcept {
    return details().body_bytes;
  }
  [[nodiscard]] bool is_tombstone() const noexcept { return details().tombstone; }
  /// @}

  /// Calls `visit(state, name, value)` for each attribute that is known, by OpenTelemetry's names.
  /// @par Errors   what `visit` throws.
  void for_each_attribute(attribute_visitor visit, void* state) const;

  /// For the walks that make one.
  /// @{
  void set_injects(bool injects) noexcept { injects_ = injects; }
  void set_started_at(std::chrono::system_clock::time_point at) noexcept { started_at_ = at; }
  /// @}

 private:
  [[nodiscard]] const operation_details& details() const noexcept {
    if (!details_.has_value()) details_.emplace(source_());
    return *details_;
  }

  operation_kind kind_;
  bool injects_ = true;
  waybill::destination destination_;
  std::optional<std::chrono::system_clock::time_point> started_at_;
  operation_source source_;
  mutable std::optional<operation_details> details_;  // made when it is first asked for
};

}  // namespace waybill::inline v0

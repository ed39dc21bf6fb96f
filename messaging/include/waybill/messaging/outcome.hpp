#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace waybill::inline v0 {

/// How an operation ended.
enum class outcome_state : std::uint8_t {
  succeeded,   ///< Sent: acknowledged. Processed: the handler returned.
  failed,      ///< The broker, the client library or the handler failed.
  purged,      ///< The application threw the message away before it was sent.
  unanswered,  ///< The client was closed before there was an answer.
  unknown,     ///< Nobody can know (no acknowledgements asked for, no observer installed).
};

/// What became of an operation: what its span ends with. Borrows its text for the call.
class outcome {
 public:
  /// `error` is the error.type of OpenTelemetry's conventions, such as the client library's name of
  /// the error; empty where nothing failed.
  explicit outcome(outcome_state state, std::string_view error = {}) noexcept
      : state_(state), error_(error) {}

  /// The same, with the place where a sent message got to.
  [[nodiscard]] outcome at(std::int32_t partition, std::int64_t offset) const noexcept {
    outcome placed = *this;
    placed.partition_ = partition;
    placed.offset_ = offset;
    return placed;
  }

  /// How it ended.
  [[nodiscard]] outcome_state state() const noexcept { return state_; }
  /// The error.type; empty where nothing failed.
  [[nodiscard]] std::string_view error() const noexcept { return error_; }
  /// Where a sent message got to, as far as it is known.
  /// @{
  [[nodiscard]] std::optional<std::int32_t> partition() const noexcept { return partition_; }
  [[nodiscard]] std::optional<std::int64_t> offset() const noexcept { return offset_; }
  /// @}

 private:
  outcome_state state_;
  std::string_view error_;
  std::optional<std::int32_t> partition_;
  std::optional<std::int64_t> offset_;
};

}  // namespace waybill::inline v0

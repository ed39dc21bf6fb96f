#pragma once

#include <cstddef>
#include <span>

#include "waybill/propagation.hpp"
#include "waybill/rabbitmq/headers.hpp"

/// Context in rabbitmq-c's own header tables, properties and messages: free functions, each useful
/// alone, for code that keeps its own publish and consume calls.
/// `destination` is the queue that the message was taken from: no message says it itself.
/// @par Errors    none of these throws; what is bad is counted in propagation::diagnostics.
/// @par Threads   any, as far as nobody else uses the table or message at the same time.
/// @par Broker    rabbitmq-c 0.11 and newer; any broker of AMQP 0-9-1.
namespace waybill::inline v0::rabbitmq {

/// The headers of one of rabbitmq-c's structs, which are changed in place.
/// @par Lifetime   that of the struct.
class WAYBILL_API header_table {
 public:
  // NOLINTBEGIN(*-explicit-*): each of these has one header table
  /// Of an amqp_table_t, amqp_basic_properties_t, amqp_message_t or amqp_envelope_t.
  /// @{
  header_table(amqp_table_t& table) noexcept : table_(&table) {}
  header_table(amqp_basic_properties_t& properties) noexcept
      : table_(&properties.headers), flags_(&properties._flags) {}
  header_table(amqp_message_t& message) noexcept : header_table(message.properties) {}
  header_table(amqp_envelope_t& envelope) noexcept : header_table(envelope.message) {}
  /// @}
  // NOLINTEND(*-explicit-*)

  /// Its entries; none where the flag of the properties says so.
  [[nodiscard]] std::span<amqp_table_entry_t> entries() const noexcept;
  /// Leaves only the first entries. Where none is left, the flag of the properties goes too.
  void truncate(std::size_t count) const noexcept;

 private:
  amqp_table_t* table_;
  amqp_flags_t* flags_ = nullptr;
};

/// Reads what the headers hold.
[[nodiscard]] WAYBILL_API extraction extract(const header_reader& headers,
                                             const propagation& settings,
                                             const destination& destination) noexcept;

/// Reads without a copy.
/// @par Errors     needs_copy: use extract.
/// @par Lifetime   until the bytes that the headers point to are gone: those of a received message
///                 with amqp_destroy_message, amqp_destroy_envelope or the release of its buffers.
[[nodiscard]] WAYBILL_API result<context_view> peek(const header_reader& headers,
                                                    const propagation& settings,
                                                    const destination& destination) noexcept;

/// Removes every field that the propagator can read, in place, except for read-only ones; other
/// headers keep their order, and what they point to is not read. Where no header is left the flag
/// AMQP_BASIC_HEADERS_FLAG goes too, so that the message is as one that was sent without.
/// @par Output   errc::ok: nothing can fail here.
/// @par Cost     linear.
WAYBILL_API errc strip(const header_table& headers, const propagation& settings) noexcept;

/// Reads and strips: what a consumer usually wants.
[[nodiscard]] WAYBILL_API extraction take(const header_table& headers, const propagation& settings,
                                          const destination& destination) noexcept;

}  // namespace waybill::inline v0::rabbitmq

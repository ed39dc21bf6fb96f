#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "waybill/messaging/sending.hpp"
#include "waybill/rabbitmq/amqp.hpp"

namespace waybill::inline v0::rabbitmq {

/// The bytes of the frame that amqp_basic_publish sends these properties in, as rabbitmq-c encodes
/// it. With more than the connection's frame_max (amqp_get_frame_max) the publish fails after its
/// first frame has gone out, and the connection is lost.
/// @par Errors   nullopt: more than 4 GB, tables nested deeper than 64, a header name or another
///               property of more than 255 bytes, or a value of a kind that rabbitmq-c does not
///               encode.
/// @par Cost     linear in the number of headers, nested ones too.
/// @par Broker   AMQP 0-9-1, 2.3.5.2 and 4.2.6.1.
[[nodiscard]] WAYBILL_API std::optional<std::size_t> header_frame_bytes(
    const amqp_basic_properties_t& properties) noexcept;

/// Properties that somebody else keeps; null where there are none.
class borrowed_properties {
 public:
  /// Not of a temporary.
  /// @{
  // NOLINTBEGIN(*-explicit-*): properties are borrowed where they are given
  borrowed_properties(const amqp_basic_properties_t* kept) noexcept : kept_(kept) {}
  borrowed_properties(const amqp_basic_properties_t& kept) noexcept : kept_(&kept) {}
  // NOLINTEND(*-explicit-*)
  borrowed_properties(const amqp_basic_properties_t&&) = delete;
  /// @}
  /// What it was made of.
  [[nodiscard]] const amqp_basic_properties_t* get() const noexcept { return kept_; }

 private:
  const amqp_basic_properties_t* kept_;
};

/// The properties of one message as they go out: a copy with a header table of its own, in which
/// the fields of a context stand as long strings behind the application's headers. What was given
/// is never written to; nested tables and texts of the application's are the same bytes in both.
/// @code
/// const waybill::rabbitmq::outgoing_properties sent(waybill::current(), properties, propagation,
///                                                   {"exchange", "key"},
///                                                   amqp_get_frame_max(client));
/// amqp_basic_publish(client, 1, exchange, key, 0, 0, sent.get(), body);
/// @endcode
/// @par Lifetime   what was given, and all that it points to, outlives this; this lives until
///                 amqp_basic_publish has returned.
/// @par Cost       no allocation up to 32 headers, older and new fields included, and 1,024 bytes
/// of texts.
/// @par Errors     never throws. Without memory the properties go out as they were given, or
///                 without a field; both are counted.
/// @par Threads    one.
class WAYBILL_API outgoing_properties {
 public:
  /// Nothing changed yet: for wrappers, which call write().
  explicit outgoing_properties(borrowed_properties given) noexcept : given_(given.get()) {}
  /// Puts a context in place of every field that is there, as waybill::inject does. `destination`
  /// is the exchange and the routing key; for the default exchange only the queue.
  /// @par Input   `frame_bytes_max`: amqp_get_frame_max; 0 is no limit. What does not fit is left
  ///              out and counted: baggage first, then tracestate, then traceparent.
  outgoing_properties(const context& context, borrowed_properties given,
                      const propagation& settings, const destination& destination,
                      std::size_t frame_bytes_max = 0) noexcept;
  outgoing_properties(const outgoing_properties&) = delete;
  outgoing_properties& operator=(const outgoing_properties&) = delete;

  /// Writes what was decided about this message: for wrappers.
  inject_report write(const messaging::sending& decided, const propagation& settings,
                      std::size_t frame_bytes_max = 0) noexcept;

  /// What amqp_basic_publish takes; null where nothing was given and nothing written.
  /// @{
  [[nodiscard]] const amqp_basic_properties_t* get() const& noexcept {
    return is_written_ ? &own_ : given_;
  }
  const amqp_basic_properties_t* get() const&& = delete;
  /// @}
  /// What became of the fields.
  [[nodiscard]] const inject_report& report() const noexcept { return report_; }

 private:
  static constexpr std::size_t inline_entries = 32;
  static constexpr std::size_t inline_text_bytes = 1'024;
  struct field_setter;

  template <class Write>
  void write_fields(Write&& write, const propagation& settings, bool replaces_all,
                    std::size_t frame_bytes_max) noexcept;
  bool copy_headers(const propagator& formats, bool replaces_all,
                    std::size_t frame_bytes_max) noexcept;
  void set(std::string_view name, std::string_view value);
  bool replace_field(std::string_view name, const amqp_bytes_t& value) noexcept;
  void forget_fields() noexcept;

  const amqp_basic_properties_t* given_;
  bool is_written_ = false;
  std::size_t count_ = 0;           // of entries_
  std::size_t count_of_given_ = 0;  // how many of them came from given_
  std::uint64_t lengths_ = 0;       // bit n: one of our fields has a name of n bytes
  std::size_t text_bytes_ = 0;      // used of text_
  std::size_t field_bytes_ = 0;     // what our fields encode to
  std::size_t base_bytes_ = 0;      // of the frame without the fields that are replaced
  inject_report report_;
  amqp_basic_properties_t own_;
  amqp_table_entry_t* entries_ = nullptr;
  std::array<amqp_table_entry_t, inline_entries> inline_entries_;
  std::unique_ptr<amqp_table_entry_t[]> more_entries_;
  std::array<char, inline_text_bytes> text_;
  std::vector<std::unique_ptr<char[]>> more_text_;
};

/// The properties of a message with a context in them: see outgoing_properties.
[[nodiscard]] inline outgoing_properties inject(const context& context, borrowed_properties given,
                                                const propagation& settings,
                                                const destination& destination,
                                                std::size_t frame_bytes_max = 0) noexcept {
  return outgoing_properties(context, given, settings, destination, frame_bytes_max);
}

}  // namespace waybill::inline v0::rabbitmq

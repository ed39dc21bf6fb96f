#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/errc.hpp"

namespace waybill::inline v0 {

/// Where a message goes to or comes from: a topic, a queue, a topic filter, or an exchange with a
/// routing key. Borrows its text.
struct destination {
  std::string_view name{};         ///< Of the topic, queue, topic filter or exchange.
  std::string_view routing_key{};  ///< Of an exchange; otherwise empty.

  constexpr destination() noexcept = default;
  /// A std::string, a string literal or a std::string_view.
  template <class Text>
  requires std::convertible_to<const Text&, std::string_view>
  // NOLINTNEXTLINE(*-explicit-*): a name is a destination
  constexpr destination(const Text& n) noexcept : name(n) {}
  /// An exchange with a routing key.
  constexpr destination(std::string_view exchange, std::string_view key) noexcept
      : name(exchange), routing_key(key) {}

  friend constexpr bool operator==(const destination&, const destination&) noexcept = default;
};

/// The destination of messages that have no name for it: the default entry of a boundary holds.
inline constexpr destination any_destination{};

/// What a context that comes in is taken for.
enum class inbound_mode : std::uint8_t {
  adopt,    ///< It is the parent.
  link,     ///< A new trace begins, linked to it; the baggage is kept.
  restart,  ///< A new trace begins, and the old one is forgotten; the baggage is kept.
  ignore,   ///< As if nothing had come, baggage neither.
};

/// What goes out with a message.
enum class outbound_mode : std::uint8_t {
  everything,  ///< The whole context.
  trace_only,  ///< No baggage.
  nothing,     ///< Fields that are in the message already are taken away, too.
};

/// How context travels within a payload, where the protocol has no place for metadata. Both ends
/// have to agree on it, for each destination; docs/envelope.md describes each byte by byte.
enum class envelope_form : std::uint8_t {
  none,              ///< Not at all: payloads pass as they are.
  frame,             ///< A header in front of any payload, taken off on receive.
  cloudevents_json,  ///< traceparent and tracestate of a CloudEvent: added when absent; they stay.
  json_members,      ///< Members of a JSON object, one for each field, taken out on receive.
};

/// Which baggage passes, one way. Members that do not pass are dropped whole.
struct baggage_policy {
  /// Whether the names of `keys` are the only ones that pass, or the only ones that do not.
  enum class rule : std::uint8_t { all, only, except, none };
  rule keys_rule = rule::all;       ///< Which names pass.
  std::vector<std::string> keys{};  ///< For only and except; case-sensitive.
  /// Members and bytes at most, below those of `limits`; reading stops at the first member over.
  /// @{
  std::uint32_t members_max = UINT32_MAX;
  std::uint32_t bytes_max = UINT32_MAX;
  /// @}

  /// Whether there is nothing to filter.
  [[nodiscard]] bool passes_all() const noexcept {
    return keys_rule == rule::all && members_max == UINT32_MAX && bytes_max == UINT32_MAX;
  }
  /// Whether a member of this name passes, the limits aside.
  [[nodiscard]] WAYBILL_API bool passes(std::string_view key) const noexcept;
};

/// What holds for one destination, or for all that a prefix or filter covers.
struct boundary_entry {
  /// For counters and logs; the pattern when empty.
  std::string label{};
  inbound_mode inbound = inbound_mode::adopt;          ///< What comes in is taken for.
  outbound_mode outbound = outbound_mode::everything;  ///< What goes out.
  baggage_policy baggage_in{};                         ///< Which baggage comes in.
  baggage_policy baggage_out{};                        ///< Which baggage goes out.
  /// The sampled bit of a trace that begins here (link and restart) where no tracer decides.
  bool new_traces_sampled = true;
  /// How context travels within the payload; none: in headers or properties.
  envelope_form envelope = envelope_form::none;
  /// The name of spans (messaging.destination.template); empty: the destination's own name.
  std::string destination_template{};
};

/// A trust boundary: for each destination, what may come in and what may go out.
/// The most exact entry counts: name and routing key, then the name, then the most exact MQTT
/// filter, then the longest prefix of the name, then the default entry. The default one adopts and
/// sends everything. It is the one table for all that is decided by destination: trust, envelope
/// and the names of spans.
/// @par Cost      a look-up allocates nothing and does not grow with the number of entries, but
///                with the number of different prefix lengths and with the filters that match.
/// @par Threads   set it up first; then find() may be called from any thread.
class WAYBILL_API boundary {
 public:
  /// Lets everything pass.
  boundary() noexcept;
  /// What holds where no other entry does.
  explicit boundary(boundary_entry default_entry);
  /// A copy of every entry.
  /// @{
  boundary(const boundary& other);
  boundary& operator=(const boundary& other);
  /// @}
  /// Leaves `other` with a default entry that lets everything pass.
  /// @{
  boundary(boundary&& other) noexcept;
  boundary& operator=(boundary&& other) noexcept;
  /// @}
  ~boundary();

  /// The entry of this one destination; an older one is replaced. Without a routing key it holds
  /// for every routing key.
  boundary& set(const destination& exact, boundary_entry entry);
  /// The entry of every destination whose name begins so.
  boundary& set_prefix(std::string_view prefix, boundary_entry entry);
  /// The entry of every topic that a subscription to this MQTT filter receives: `+` stands for one
  /// level, `#` at the end for the level before it and all below. Of two filters the one with the
  /// more exact level further left counts: a name before `+` before `#`. Of a shared subscription
  /// (`$share/NAME/FILTER`) the filter counts. A filter that MQTT does not allow matches nothing.
  /// @par Spec   MQTT 5, 4.7 and 4.8.2; MQTT 3.1.1, 4.7.
  boundary& set_filter(std::string_view filter, boundary_entry entry);

  /// The entry that holds for a destination.
  /// @par Lifetime   until the boundary is changed.
  [[nodiscard]] const boundary_entry& find(const destination& where) const& noexcept {
    return entry(find_index(where));
  }
  const boundary_entry& find(const destination& where) const&& = delete;
  /// Index 0 is the default entry. Indices never change; their number bounds the counters.
  [[nodiscard]] std::size_t find_index(const destination& where) const noexcept {
    return tables_ == nullptr ? 0 : look_up(where);
  }
  /// The entry of an index that find_index() gave.
  [[nodiscard]] const boundary_entry& entry(std::size_t index) const& noexcept;
  const boundary_entry& entry(std::size_t index) const&& = delete;
  /// Entries, the default one included.
  [[nodiscard]] std::size_t size() const noexcept;

 private:
  struct tables;
  [[nodiscard]] std::size_t look_up(const destination& where) const noexcept;
  std::size_t put(boundary_entry entry);

  boundary_entry default_;
  std::vector<boundary_entry> entries_;  // the others: index 1 is the first
  std::unique_ptr<tables> tables_;       // null while there is only the default entry
};

}  // namespace waybill::inline v0

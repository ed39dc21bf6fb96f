#include "waybill/mqtt/carrier.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <functional>
#include <optional>

#include "property_list.hpp"

namespace waybill::inline v0::mqtt {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t stamp_digits_max = 15;

/// stamp = 1*15DIGIT "-" 16HEXDIGLC; the span id is this one.
[[nodiscard]] std::optional<std::int64_t> parse_stamp(std::string_view text,
                                                      const span_id& sent) noexcept {
  const std::size_t dash = text.find('-');
  if (dash == 0 || dash > stamp_digits_max || text.substr(dash + 1) != sent.hex()) {
    return std::nullopt;
  }
  text = text.substr(0, dash);
  std::int64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

[[nodiscard]] std::int64_t milliseconds_since_1970(
    std::chrono::system_clock::time_point when) noexcept {
  return std::chrono::duration_cast<milliseconds>(when.time_since_epoch()).count();
}

/// Whether its trace is taken for over.
[[nodiscard]] bool is_linked(const MQTTProperties& list, const arrival& how,
                             const span_context& sent) noexcept {
  const bool is_stored = how.is_retained && !how.rules.retain_as_published;
  if (is_stored) return true;
  if (!how.rules.age_max.has_value()) return how.is_retained;
  const auto age = age_of(list, sent, std::chrono::system_clock::now());
  return age.has_value() ? *age > *how.rules.age_max : how.is_retained;
}

/// Takes all fields away but those that `stays` says of an event. False without memory.
template <class Predicate>
[[nodiscard]] bool remove_fields(MQTTProperties& list, const propagator& formats,
                                 Predicate&& stays) noexcept {
  const bool event_has_trace = detail::has_event_trace(list);
  return detail::remove_properties(list, [&](std::string_view name) {
    return detail::is_ours(name, formats) && !(event_has_trace && stays(name));
  });
}

/// Whether a text lies in one of the list's user properties.
[[nodiscard]] bool shows_text_of(const MQTTProperties& list, std::string_view text) noexcept {
  if (text.empty()) return false;
  const std::less_equal<> is_at_or_before;
  bool is_inside = false;
  property_reader(list).for_each([&](std::string_view /*name*/, std::string_view value) {
    is_inside |= is_at_or_before(value.data(), text.data()) &&
                 is_at_or_before(text.data() + text.size(), value.data() + value.size());
  });
  return is_inside;
}

/// What is known of an injection before it is done.
struct planned {
  span_context sent;  // what is to be written; may be none
  bool replaces_all;  // no older span context stays in the list
  bool lets_nothing_out;
};

[[nodiscard]] planned plan(const context_view& context, const propagation& settings,
                           const destination& destination) noexcept {
  const bool nothing = settings.boundary().find(destination).outbound == outbound_mode::nothing;
  return {context.span_context(), context.has_trace() || nothing, nothing};
}

[[nodiscard]] planned plan(const messaging::sending& decided) noexcept {
  const span_context sent = decided.sent();
  return {sent, decided.replaces_all(), decided.replaces_all() && !sent.is_valid()};
}

/// Adds up what is set, for the room that remains.
template <class Writer>
class counting_writer {
 public:
  counting_writer(Writer& wrapped, std::size_t bytes_per_field) noexcept
      : wrapped_(&wrapped), bytes_per_field_(bytes_per_field) {}
  void set(std::string_view name, std::string_view value) {
    wrapped_->set(name, value);
    bytes_ += name.size() + value.size() + bytes_per_field_;
  }
  void erase(std::string_view name) { wrapped_->erase(name); }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  Writer* wrapped_;
  std::size_t bytes_per_field_;
  std::size_t bytes_ = 0;
};

/// Sets the time of sending where the room that `used` leaves is enough for it.
template <class Writer>
[[nodiscard]] bool set_stamp(Writer& list, const span_id& sent, const inject_budget& budget,
                             std::size_t used) {
  std::array<char, 24 + 1 + 16> stamp;
  char* end = std::to_chars(stamp.data(), stamp.data() + 24,
                            milliseconds_since_1970(std::chrono::system_clock::now()))
                  .ptr;
  *end++ = '-';
  const auto id = sent.hex();
  for (const char c : std::string_view(id)) *end++ = c;
  const std::string_view text(stamp.data(), static_cast<std::size_t>(end - stamp.data()));
  const std::size_t needed = sent_time_name.size() + text.size() + budget.bytes_per_field;
  if (used > budget.bytes_max || needed > budget.bytes_max - used) return false;
  list.set(sent_time_name, text);
  return true;
}

/// Calls `write(carrier)` for the fields, and sees to the stamp, which goes where the older
/// span context goes.
template <class Writer, class F>
inject_report write_stamped(Writer& list, const send_rules& rules, const planned& how,
                            F&& write) noexcept {
  if (how.lets_nothing_out) list.release_event_context();
  counting_writer counter(list, rules.budget.bytes_per_field);
  inject_report report = write(counter);
  if (!how.replaces_all || list.keeps_event_context()) return report;
  WAYBILL_TRY {
    const bool is_set = report.trace && rules.stamps_time &&
                        set_stamp(list, how.sent.span_id(), rules.budget, counter.bytes());
    if (!is_set) list.erase(sent_time_name);
  }
  WAYBILL_CATCH_ALL { report.code = errc::carrier_failed; }
  return report;
}

}  // namespace

std::optional<milliseconds> age_of(const MQTTProperties& list, const span_context& sent_with,
                                   std::chrono::system_clock::time_point now) noexcept {
  std::optional<std::int64_t> sent;
  property_reader(list).for_each([&](std::string_view name, std::string_view value) {
    if (name == sent_time_name) sent = parse_stamp(value, sent_with.span_id());
  });
  if (!sent.has_value()) return std::nullopt;
  const std::int64_t age = milliseconds_since_1970(now) - *sent;
  return milliseconds(age > 0 ? age : 0);
}

extraction extract(const MQTTProperties& list, const propagation& settings,
                   const arrival& how) noexcept {
  const property_reader reader(list);
  extraction read = waybill::extract(reader, settings, how.from);
  if (read.parent() != nullptr && is_linked(list, how, read.sender())) {
    read.link_rather_than_adopt(settings);
  }
  return read;
}

result<context_view> peek(const MQTTProperties& list, const propagation& settings,
                          const arrival& how) noexcept {
  const property_reader reader(list);
  if (settings.boundary().find(how.from).inbound == inbound_mode::adopt) {
    const result<context_view> seen = settings.propagator().peek_at(
        reader, settings.rules_for(reader), settings.limits(), nullptr);
    const span_context sent = seen.has_value() ? seen->span_context() : span_context();
    if (is_linked(list, how, sent) && (!seen.has_value() || sent.is_valid())) {
      return errc::needs_copy;
    }
  }
  return waybill::peek(reader, settings, how.from);
}

errc strip(MQTTProperties& list, const propagation& settings,
           const destination& destination) noexcept {
  if (remove_fields(list, settings.propagator(), detail::is_event_trace)) return errc::ok;
  settings.record(direction::inbound, errc::carrier_failed, destination);
  return errc::carrier_failed;
}

extraction take(MQTTProperties& list, const propagation& settings, const arrival& how) noexcept {
  extraction taken = extract(list, settings, how);
  strip(list, settings, how.from);
  return taken;
}

inject_report inject(const context_view& context, MQTTProperties& list, const propagation& settings,
                     const destination& destination, const send_rules& rules) noexcept {
  std::optional<waybill::context> held;
  context_view written = context;
  if (shows_text_of(list, context.tracestate_text()) ||
      shows_text_of(list, context.baggage_text())) {
    written = context_view(held.emplace(context));
  }
  // With a span context every older field goes: all at once, for Paho's memory is then freed in one
  // go. What could not be freed the writer meets again.
  if (written.has_trace()) {
    static_cast<void>(remove_fields(list, settings.propagator(), detail::stays_in_event));
  }
  property_writer writer(list);
  return write_stamped(writer, rules, plan(written, settings, destination), [&](auto& carrier) {
    return waybill::inject(written, carrier, settings, destination, rules.budget);
  });
}

inject_report inject(const context_view& context, edited_properties& list,
                     const propagation& settings, const destination& destination,
                     const send_rules& rules) noexcept {
  return write_stamped(list, rules, plan(context, settings, destination), [&](auto& carrier) {
    return waybill::inject(context, carrier, settings, destination, rules.budget);
  });
}

inject_report write(const messaging::sending& decided, MQTTProperties& list,
                    const send_rules& rules) noexcept {
  property_writer writer(list);
  return write_stamped(writer, rules, plan(decided),
                       [&](auto& carrier) { return decided.write(carrier, rules.budget); });
}

inject_report write(const messaging::sending& decided, edited_properties& list,
                    const send_rules& rules) noexcept {
  return write_stamped(list, rules, plan(decided),
                       [&](auto& carrier) { return decided.write(carrier, rules.budget); });
}

}  // namespace waybill::inline v0::mqtt

#include "waybill/mqtt/carrier.hpp"

#include <array>
#include <charconv>
#include <cstdint>
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

/// Sets the time of sending where there is room for it after `used` bytes.
void set_stamp(edited_properties& list, const span_id& sent, const inject_budget& budget,
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
  if (used <= budget.bytes_max && needed <= budget.bytes_max - used) list.set(sent_time_name, text);
}

/// Calls `write()` for the fields, and sees to the stamp, which goes where the older span context
/// goes.
/// @par Input   `sent`: the span context to be written; invalid: none. `replaces_all`: no older one
///              stays in the list.
template <class F>
inject_report write_stamped(edited_properties& list, const send_rules& rules,
                            const span_context& sent, bool replaces_all, F&& write) noexcept {
  if (replaces_all && !sent.is_valid()) list.release_event_context();
  const std::size_t before = list.set_bytes();
  inject_report report = write();
  if (!replaces_all || list.keeps_event_context()) return report;
  list.erase(sent_time_name);
  if (!report.trace || !rules.stamps_time) return report;
  WAYBILL_TRY { set_stamp(list, sent.span_id(), rules.budget, list.set_bytes() - before); }
  WAYBILL_CATCH_ALL { report.code = errc::carrier_failed; }
  return report;
}

/// Lets `change(edited)` change a list in place. False, counted, without memory.
template <class F>
[[nodiscard]] bool change(MQTTProperties& list, direction way, const propagation& settings,
                          const destination& destination, F&& change) noexcept {
  WAYBILL_TRY {
    edited_properties edited(list);
    change(edited);
    if (!edited.is_changed() || edited.apply_to(list)) return true;
  }
  WAYBILL_CATCH_ALL {}
  settings.record(way, errc::carrier_failed, destination);
  return false;
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
  const bool is_done = change(list, direction::inbound, settings, destination,
                              [&](auto& edited) { edited.strip(settings.propagator()); });
  return is_done ? errc::ok : errc::carrier_failed;
}

extraction take(MQTTProperties& list, const propagation& settings, const arrival& how) noexcept {
  extraction taken = extract(list, settings, how);
  strip(list, settings, how.from);
  return taken;
}

inject_report inject(const context_view& context, MQTTProperties& list, const propagation& settings,
                     const destination& destination, const send_rules& rules) noexcept {
  inject_report report;
  const bool is_done =
      change(list, direction::outbound, settings, destination, [&](edited_properties& edited) {
        report = inject(context, edited, settings, destination, rules);
      });
  return is_done ? report : inject_report{.code = errc::carrier_failed};
}

inject_report inject(const context_view& context, edited_properties& list,
                     const propagation& settings, const destination& destination,
                     const send_rules& rules) noexcept {
  const bool nothing = settings.boundary().find(destination).outbound == outbound_mode::nothing;
  return write_stamped(list, rules, nothing ? span_context() : context.span_context(),
                       nothing || context.has_trace(), [&] {
                         return waybill::inject(context, list, settings, destination, rules.budget);
                       });
}

inject_report write(const messaging::sending& decided, edited_properties& list,
                    const send_rules& rules) noexcept {
  return write_stamped(list, rules, decided.sent(), decided.replaces_all(),
                       [&] { return decided.write(list, rules.budget); });
}

}  // namespace waybill::inline v0::mqtt

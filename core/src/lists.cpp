#include "lists.hpp"

#include <array>
#include <limits>

#include "canonical.hpp"
#include "grammar.hpp"
#include "wide_lists.hpp"

namespace waybill::inline v0::detail {

namespace {

/// W3C Trace Context Level 2, "tracestate Limits": larger members go first.
constexpr std::size_t large_member_bytes = 128;

std::string_view key_of(std::string_view member) noexcept {
  return member.substr(0, member.find('='));
}

std::string_view rest_of(std::string_view member) noexcept {
  const std::size_t equals = member.find('=');
  return equals == std::string_view::npos ? std::string_view{} : member.substr(equals + 1);
}

/// Splits the part of a baggage member in front of or behind the first "=" off, without OWS.
struct key_and_value {
  std::string_view key;
  std::string_view value;
  bool has_value = false;
};

key_and_value split_pair(std::string_view text) noexcept {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return {trim(text), {}, false};
  return {trim(text.substr(0, equals)), trim(text.substr(equals + 1)), true};
}

/// list-member = key OWS "=" OWS value *( OWS ";" OWS property )
/// property    = key OWS "=" OWS value / key
/// Calls `piece(separator, text)` for each part as it is to be written; false if it breaks the
/// grammar or `piece` answers false.
template <class F>
bool walk_baggage_member(std::string_view member, F&& piece) noexcept {
  const std::size_t semicolon = member.find(';');
  const key_and_value head = split_pair(member.substr(0, semicolon));
  if (!head.has_value || !is_token(head.key) || !is_all(head.value, class_baggage_octet)) {
    return false;
  }
  if (!piece('\0', head.key) || !piece('=', head.value)) return false;
  std::size_t at = semicolon;
  while (at != std::string_view::npos) {
    const std::size_t end = member.find(';', at + 1);
    const std::size_t size = end == std::string_view::npos ? end : end - at - 1;
    const key_and_value property = split_pair(member.substr(at + 1, size));
    if (!is_token(property.key) || !is_all(property.value, class_baggage_octet)) return false;
    if (!piece(';', property.key)) return false;
    if (property.has_value && !piece('=', property.value)) return false;
    at = end;
  }
  return true;
}

std::uint32_t count_canonical_baggage(std::string_view text, std::uint32_t members_max) noexcept {
#if WAYBILL_HAS_WIDE_LISTS
  if (text.size() >= wide_list_bytes_min && can_use_wide_lists()) {
    return count_canonical_baggage_wide(text, members_max);
  }
#endif
  return count_canonical_baggage_portable(text, members_max);
}

}  // namespace

std::string_view next_piece(std::string_view& text) noexcept {
  const std::size_t comma = text.find(',');
  const std::string_view piece = text.substr(0, comma);
  text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  return piece;
}

std::optional<std::string_view> find_rest(std::string_view text, std::string_view key) noexcept {
  std::optional<std::string_view> found;
  while (!text.empty()) {
    const std::string_view member = next_piece(text);
    if (key_of(member) == key) found = rest_of(member);
  }
  return found;
}

listed_member next_listed(std::string_view text, std::size_t from) noexcept {
  while (from < text.size()) {
    std::string_view behind = text.substr(from);
    const std::string_view member = next_piece(behind);
    const std::string_view key = key_of(member);
    const std::size_t next = from + member.size() + 1;
    if (!find_rest(text.substr(0, from), key).has_value()) {
      return {key, find_rest(text.substr(from), key).value_or(std::string_view{}), from, next};
    }
    from = next;
  }
  return {};
}

bool is_tracestate_key(std::string_view key) noexcept {
  return !key.empty() && key.size() <= tracestate_key_bytes_max &&
         is_in(key.front(), class_key_begin) && is_all(key, class_tracestate_key);
}

bool is_tracestate_value(std::string_view value) noexcept {
  return !value.empty() && value.size() <= tracestate_value_bytes_max && value.back() != ' ' &&
         is_all(value, class_tracestate_value);
}

bool is_canonical_tracestate(std::string_view text) noexcept {
#if WAYBILL_HAS_WIDE_LISTS
  if (text.size() >= wide_list_bytes_min && can_use_wide_lists()) {
    return is_canonical_tracestate_wide(text);
  }
#endif
  return is_canonical_tracestate_portable(text);
}

void tracestate_cleaner::add(std::string_view value) noexcept {
  if (status_ != errc::ok) return;
  const std::size_t comma_bytes = begun_ ? 1 : 0;
  begun_ = true;
  if (value.size() + comma_bytes > raw_left_) {
    status_ = errc::too_large;
    return;
  }
  raw_left_ -= value.size() + comma_bytes;
  while (!value.empty() && status_ == errc::ok) {
    const std::string_view member = trim(next_piece(value));
    if (member.empty()) continue;
    const std::size_t equals = member.find('=');
    if (equals == std::string_view::npos || !is_tracestate_key(member.substr(0, equals)) ||
        !is_tracestate_value(member.substr(equals + 1))) {
      status_ = errc::malformed;
    } else if (members_ == tracestate_members_max) {
      status_ = errc::too_many_members;
    } else if ((text_.size() > 0 && !text_.append(',')) || !text_.append(member)) {
      status_ = errc::no_memory;
    } else {
      ++members_;
    }
  }
}

std::optional<std::uint32_t> truncate_tracestate(std::string_view text, std::size_t bytes_max,
                                                 text_buffer& out) noexcept {
  std::array<std::string_view, tracestate_members_max> members;
  std::size_t count = 0;
  std::size_t bytes = text.size();
  while (!text.empty() && count < members.size()) members[count++] = next_piece(text);
  std::uint32_t dropped = 0;
  // The comma of the last member left is counted though it has none: bytes + 1 on both sides.
  const auto drop_from_right = [&](std::size_t longer_than) {
    for (std::size_t i = count; i-- > 0 && bytes > bytes_max;) {
      if (members[i].empty() || members[i].size() <= longer_than) continue;
      bytes = bytes == members[i].size() ? 0 : bytes - members[i].size() - 1;
      members[i] = {};
      ++dropped;
    }
  };
  drop_from_right(large_member_bytes);
  drop_from_right(0);
  for (const std::string_view member : members) {
    if (member.empty()) continue;
    if ((out.size() > 0 && !out.append(',')) || !out.append(member)) return std::nullopt;
  }
  return dropped;
}

std::optional<std::uint32_t> canonical_baggage_members(std::string_view text,
                                                       const limits& limits) noexcept {
  if (text.size() > limits.baggage_bytes_max || text.size() > limits.field_scan_bytes_max) {
    return std::nullopt;
  }
  const std::uint32_t members = count_canonical_baggage(text, limits.baggage_members_max);
  return members == 0 ? std::nullopt : std::optional(members);
}

void baggage_cleaner::add(std::string_view value) noexcept {
  const std::size_t comma_bytes = begun_ ? 1 : 0;
  begun_ = true;
  bool cut = false;
  if (value.size() + comma_bytes > raw_left_) {
    // What the cap leaves may end within a member: only what a comma ends is read.
    const std::size_t room = raw_left_ - (raw_left_ >= comma_bytes ? comma_bytes : raw_left_);
    const std::size_t comma = value.substr(0, room + 1).rfind(',');
    value = comma == std::string_view::npos ? std::string_view{} : value.substr(0, comma);
    cut = true;
  }
  raw_left_ = cut ? 0 : raw_left_ - value.size() - comma_bytes;
  while (!value.empty() && !stopped_) {
    const std::string_view piece = trim(next_piece(value));
    if (!piece.empty()) add_member(piece);
  }
  if (cut && !stopped_) stop(errc::too_large);
}

void baggage_cleaner::add_member(std::string_view piece) noexcept {
  const std::size_t size_before = text_.size();
  const std::size_t comma_bytes = size_before > 0 ? 1 : 0;
  std::size_t member_bytes = 0;
  const auto measure = [&](char separator, std::string_view text) {
    member_bytes += text.size() + (separator == '\0' ? 0 : 1);
    return true;
  };
  if (!walk_baggage_member(piece, measure)) {
    ++dropped_;
    fail(errc::malformed);
    return;
  }
  if (members_ >= limits_.baggage_members_max) return stop(errc::too_many_members);
  if (size_before + comma_bytes + member_bytes > limits_.baggage_bytes_max) {
    return stop(errc::too_large);
  }
  const auto write = [&](char separator, std::string_view text) {
    return (separator == '\0' || text_.append(separator)) && text_.append(text);
  };
  if ((comma_bytes == 1 && !text_.append(',')) || !walk_baggage_member(piece, write)) {
    text_.shrink(size_before);
    return stop(errc::no_memory);
  }
  ++members_;
}

baggage_prefix cut_baggage(std::string_view text, std::uint32_t members_max,
                           std::size_t bytes_max) noexcept {
  baggage_prefix prefix;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t comma = text.find(',', at);
    const std::size_t end = comma == std::string_view::npos ? text.size() : comma;
    if (prefix.members == members_max) {
      prefix.status = errc::too_many_members;
      break;
    }
    if (end > bytes_max) {
      prefix.status = errc::too_large;
      break;
    }
    prefix.text = text.substr(0, end);
    ++prefix.members;
    at = end + 1;
  }
  return prefix;
}

}  // namespace waybill::inline v0::detail

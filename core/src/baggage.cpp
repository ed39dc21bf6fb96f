#include "waybill/baggage.hpp"

#include <utility>

#include "grammar.hpp"
#include "lists.hpp"
#include "percent.hpp"

namespace waybill::inline v0 {

namespace {

baggage_member make_member(std::string_view key, std::string_view rest) noexcept {
  const std::size_t semicolon = rest.find(';');
  if (semicolon == std::string_view::npos) return {key, rest, {}};
  return {key, rest.substr(0, semicolon), rest.substr(semicolon + 1)};
}

std::string_view key_of(std::string_view member) noexcept {
  return member.substr(0, member.find('='));
}

}  // namespace

std::string baggage_member::value() const { return percent_decode(raw_value); }

std::vector<baggage_property> baggage_member::properties() const {
  std::vector<baggage_property> all;
  for (std::size_t at = 0; at < raw_properties.size();) {
    const std::size_t end = std::min(raw_properties.find(';', at), raw_properties.size());
    const std::string_view property = raw_properties.substr(at, end - at);
    const std::size_t equals = property.find('=');
    baggage_property& added = all.emplace_back();
    added.key = property.substr(0, equals);
    if (equals != std::string_view::npos) added.value = percent_decode(property.substr(equals + 1));
    at = end + 1;
  }
  return all;
}

baggage_view::iterator baggage_view::begin() const noexcept {
  iterator first(text_, 0);
  first.advance();
  return first;
}

void baggage_view::iterator::advance() noexcept {
  const detail::listed_member found = detail::next_listed(text_, next_);
  at_ = found.at;
  next_ = found.next;
  member_ = make_member(found.key, found.rest);
}

std::optional<baggage_member> baggage_view::find(std::string_view key) const noexcept {
  const std::optional<std::string_view> rest = detail::find_rest(text_, key);
  if (!rest.has_value()) return std::nullopt;
  return make_member(key, *rest);
}

std::optional<std::string> baggage_view::get(std::string_view key) const {
  const std::optional<baggage_member> found = find(key);
  if (!found.has_value()) return std::nullopt;
  return found->value();
}

baggage::baggage(const baggage_view& view, const limits& limits) : limits_(limits) {
  const detail::baggage_prefix within =
      detail::cut_baggage(view.text(), limits.baggage_members_max, limits.baggage_bytes_max);
  text_ = within.text;
  members_ = within.members;
}

baggage::baggage(const context_view& context, const limits& limits)
    : baggage(baggage_view(context), limits) {}

baggage::baggage(const context& context, const limits& limits)
    : baggage(baggage_view(context), limits) {}

baggage::parsed baggage::parse(std::string_view text, const limits& limits) {
  detail::baggage_cleaner cleaner(limits);
  cleaner.add(text);
  parsed read{baggage(limits), cleaner.status(), cleaner.dropped()};
  read.items.text_ = cleaner.text().view();
  read.items.members_ = cleaner.members();
  return read;
}

errc baggage::set(std::string_view key, std::string_view value,
                  std::span<const baggage_property> properties) {
  if (!detail::is_token(key)) return errc::invalid_key;
  if (!detail::is_utf8(value)) return errc::invalid_value;
  std::string member(key);
  member += '=';
  detail::append_percent_encoded(member, value);
  for (const baggage_property& property : properties) {
    if (!detail::is_token(property.key)) return errc::invalid_key;
    member.append(1, ';').append(property.key);
    if (!property.value.has_value()) continue;
    if (!detail::is_utf8(*property.value)) return errc::invalid_value;
    member += '=';
    detail::append_percent_encoded(member, *property.value);
  }

  std::string changed;
  std::uint32_t members = 0;
  bool placed = false;
  const auto append = [&](std::string_view text) {
    if (!changed.empty()) changed += ',';
    changed += text;
    ++members;
  };
  for (std::string_view rest = text_; !rest.empty();) {
    const std::string_view old = detail::next_piece(rest);
    if (key_of(old) != key) {
      append(old);
    } else if (!std::exchange(placed, true)) {
      append(member);
    }
  }
  if (!placed) append(member);
  if (members > limits_.baggage_members_max) return errc::too_many_members;
  if (changed.size() > limits_.baggage_bytes_max) return errc::too_large;
  text_ = std::move(changed);
  members_ = members;
  return errc::ok;
}

bool baggage::remove(std::string_view key) {
  std::string changed;
  std::uint32_t members = 0;
  for (std::string_view rest = text_; !rest.empty();) {
    const std::string_view member = detail::next_piece(rest);
    if (key_of(member) == key) continue;
    if (!changed.empty()) changed += ',';
    changed += member;
    ++members;
  }
  if (members == members_) return false;
  text_ = std::move(changed);
  members_ = members;
  return true;
}

void baggage::clear() noexcept {
  text_.clear();
  members_ = 0;
}

}  // namespace waybill::inline v0

#include "waybill/tracestate.hpp"

#include "lists.hpp"

namespace waybill::inline v0 {

tracestate_view::iterator tracestate_view::begin() const noexcept {
  iterator first(text_, 0);
  first.advance();
  return first;
}

void tracestate_view::iterator::advance() noexcept {
  const detail::listed_member found = detail::next_listed(text_, next_);
  at_ = found.at;
  next_ = found.next;
  member_ = {found.key, found.rest};
}

std::optional<std::string_view> tracestate_view::get(std::string_view key) const noexcept {
  return detail::find_rest(text_, key);
}

result<tracestate> tracestate::parse(std::string_view text, const limits& limits) {
  detail::tracestate_cleaner cleaner(limits);
  cleaner.add(text);
  if (cleaner.status() != errc::ok) return cleaner.status();
  tracestate parsed;
  parsed.text_ = cleaner.text().view();
  return parsed;
}

errc tracestate::set(std::string_view key, std::string_view value) {
  if (!detail::is_tracestate_key(key)) return errc::invalid_key;
  if (!detail::is_tracestate_value(value)) return errc::invalid_value;
  std::string changed;
  changed.reserve(key.size() + 1 + value.size() + 1 + text_.size());
  changed.append(key).append(1, '=').append(value);
  std::string_view rest = text_;
  for (std::uint32_t members = 1; !rest.empty() && members < tracestate_members_max;) {
    const std::string_view member = detail::next_piece(rest);
    if (member.substr(0, member.find('=')) == key) continue;
    changed.append(1, ',').append(member);
    ++members;
  }
  text_ = std::move(changed);
  return errc::ok;
}

bool tracestate::remove(std::string_view key) {
  std::string changed;
  bool found = false;
  for (std::string_view rest = text_; !rest.empty();) {
    const std::string_view member = detail::next_piece(rest);
    if (member.substr(0, member.find('=')) == key) {
      found = true;
      continue;
    }
    if (!changed.empty()) changed += ',';
    changed += member;
  }
  if (found) text_ = std::move(changed);
  return found;
}

}  // namespace waybill::inline v0

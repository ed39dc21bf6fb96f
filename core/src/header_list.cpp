#include "waybill/header_list.hpp"

#include <algorithm>

#include "grammar.hpp"

namespace waybill::inline v0 {

void header_list::add(std::string_view name, std::string_view value) {
  headers_.push_back({std::string(name), std::string(value)});
}

void header_list::set(std::string_view name, std::string_view value) {
  const auto is_named = [&](const header& each) { return is_same_name(each.name, name); };
  const auto first = std::find_if(headers_.begin(), headers_.end(), is_named);
  if (first == headers_.end()) {
    add(name, value);
    return;
  }
  header replaced{std::string(name), std::string(value)};
  name = replaced.name;  // the given one may be that of a header that moves
  headers_.erase(std::remove_if(first + 1, headers_.end(), is_named), headers_.end());
  *first = std::move(replaced);
}

void header_list::erase(std::string_view name) {
  const auto is_named = [&](const header& each) { return is_same_name(each.name, name); };
  const auto first = std::find_if(headers_.begin(), headers_.end(), is_named);
  if (first == headers_.end()) return;
  const std::string kept(name);  // the given one may be that of a header that moves
  name = kept;
  headers_.erase(std::remove_if(first, headers_.end(), is_named), headers_.end());
}

std::optional<std::string_view> header_list::get(std::string_view name) const& noexcept {
  for (const header& each : headers_) {
    if (is_same_name(each.name, name)) return each.value;
  }
  return std::nullopt;
}

bool header_list::is_same_name(std::string_view a, std::string_view b) const noexcept {
  if (rules_.names == name_rule::exact) return a == b;
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return detail::to_lower(x) == detail::to_lower(y); });
}

}  // namespace waybill::inline v0

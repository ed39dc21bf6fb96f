#include "json_object.hpp"

#include <bit>
#include <utility>

#include "json_walker.hpp"

namespace waybill::inline v0::detail {

namespace {

std::string_view name_of(std::string_view text, const json_member& member) noexcept {
  return text.substr(member.begin + 1, member.name_end - member.begin - 2);
}

/// The field of this name, or fields.size(). JSON tells upper case from lower case.
std::size_t index_of(std::string_view name, std::span<const field> fields) noexcept {
  std::size_t index = 0;
  while (index < fields.size() && !is_json_text_of(name, fields[index].name)) ++index;
  return index;
}

value_kind kind_of(char first) noexcept {
  if (first == '"') return value_kind::text;
  return first == 'n' ? value_kind::null : value_kind::not_text;
}

}  // namespace

errc json_object::scan(std::string_view text, std::span<const field> fields,
                       const limits& within) noexcept {
  json_walker walk(text);
  // What does not even begin like an object is no envelope, however large, and nothing is wrong.
  if (!walk.open()) return errc::absent;
  if (text.size() > within.envelope_json_bytes_max) return errc::too_large;
  inside_ = walk.at();
  json_member member;
  json_step step = json_step::good;
  for (std::size_t comma = 0; (step = walk.next(member)) == json_step::good; comma = member.next) {
    ++members_;
    const std::string_view name = name_of(text, member);
    const value_kind kind = kind_of(text[member.value_begin]);
    // Of several the last counts, as of every member.
    if (is_json_text_of(name, "specversion")) is_cloud_event_ = kind == value_kind::text;
    const std::size_t index = index_of(name, fields);
    if (index == fields.size()) continue;
    if (found_ == 0) {
      first_ = member.begin;
      comma_before_ = comma;
    }
    last_ = member.begin;
    slot& into = slots_[index];
    const std::size_t quotes = kind == value_kind::text ? 1 : 0;
    into.last = {member.value_begin + quotes, member.value_end - member.value_begin - 2 * quotes,
                 kind, false};
    if (!has(index)) {
      into.first = into.last;
      into.members = 0;
    }
    ++into.members;
    found_ |= std::uint32_t{1} << index;
    if (kind == value_kind::not_text) foreign_ |= std::uint32_t{1} << index;
  }
  if (step == json_step::too_deep) return errc::too_large;
  if (step == json_step::malformed) return errc::malformed;
  // One field of a trace that is the application's own takes the others with it.
  std::uint32_t of_trace = 0;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].concern == field_concern::trace) of_trace |= std::uint32_t{1} << i;
  }
  if ((foreign_ & of_trace) != 0) foreign_ |= of_trace;
  for (std::uint32_t left = found_; left != 0; left &= left - 1) {
    const auto index = static_cast<std::size_t>(std::countr_zero(left));
    slot& each = slots_[index];
    if (is_foreign(index)) each.first.kind = each.last.kind = value_kind::not_text;
    if (!decode(text, each.first, within.field_scan_bytes_max) ||
        !decode(text, each.last, within.field_scan_bytes_max)) {
      return errc::no_memory;
    }
  }
  return errc::ok;
}

bool json_object::decode(std::string_view text, place& where, std::size_t bytes_max) noexcept {
  const std::string_view inner = text.substr(where.begin, where.bytes);
  if (where.kind != value_kind::text) {
    where.bytes = 0;
    return true;
  }
  if (inner.find('\\') == std::string_view::npos) return true;
  const std::size_t begin = decoded_.size();
  if (!unescape_json(inner, bytes_max, decoded_)) return false;
  where = {begin, decoded_.size() - begin, value_kind::text, true};
  return true;
}

bool json_object::rewrite(std::string_view text, std::span<const field> fields,
                          std::uint32_t removed, std::string_view added,
                          text_buffer& into) const noexcept {
  removed &= found_;
  std::size_t kept = members_;
  for (std::uint32_t left = removed; left != 0; left &= left - 1) {
    kept -= slots_[static_cast<std::size_t>(std::countr_zero(left))].members;
  }
  bool is_good = into.append(text.substr(0, inside_)) && into.append(added);
  if (!added.empty() && kept > 0) is_good = is_good && into.append(',');
  std::size_t copied = inside_;
  const auto copy_to = [&](std::size_t end) {
    is_good = is_good && into.append(text.substr(copied, end - copied));
    copied = end;
  };

  json_walker walk(text, first_);
  json_member member;
  std::size_t comma = comma_before_;  // behind the last member that stays
  std::size_t bytes_to_comma = 0;     // of what is made, when members behind it begin to go
  bool is_in_run = false;
  while (removed != 0 && walk.next(member) == json_step::good) {
    const std::size_t index = index_of(name_of(text, member), fields);
    const bool is_last_member = text[member.next] == '}';
    if (index == fields.size() || ((removed >> index) & 1) == 0) {
      comma = member.next;
      is_in_run = false;
    } else {
      if (!is_in_run && comma != 0) {
        copy_to(comma);
        bytes_to_comma = into.size();
      }
      is_in_run = true;
      copy_to(member.begin);
      copied = is_last_member ? member.value_end : member.next + 1;
      // With nothing behind it the comma in front of it goes, too.
      if (is_last_member && comma != 0) into.shrink(bytes_to_comma);
    }
    if (member.begin == last_) break;
  }
  copy_to(text.size());
  return is_good;
}

void json_object::take(json_object& other) noexcept {
  found_ = std::exchange(other.found_, 0);
  foreign_ = other.foreign_;
  is_cloud_event_ = other.is_cloud_event_;
  inside_ = other.inside_;
  members_ = other.members_;
  first_ = other.first_;
  comma_before_ = other.comma_before_;
  last_ = other.last_;
  decoded_.swap(other.decoded_);
  for (std::uint32_t left = found_; left != 0; left &= left - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(left));
    slots_[i] = other.slots_[i];
  }
}

}  // namespace waybill::inline v0::detail

#include <algorithm>
#include <limits>
#include <waybill/baggage.hpp>
#include <waybill/tracestate.hpp>

#include "beginnings.hpp"
#include "field_faults.hpp"
#include "headers.hpp"
#include "sections.hpp"
#include "words.hpp"

namespace waybill::tool {

namespace {

/// Enough to make a good member of any beginning of one.
constexpr std::string_view tracestate_completions[] = {"", "1", "=1"};
constexpr std::string_view baggage_completions[] = {"", "1", "=1"};

constexpr limits grammar_alone{.baggage_members_max = std::numeric_limits<std::uint32_t>::max(),
                               .baggage_bytes_max = std::numeric_limits<std::uint32_t>::max(),
                               .field_scan_bytes_max = std::numeric_limits<std::uint32_t>::max()};

bool has_good_tracestate_members(std::string_view text) {
  return tracestate::parse(text, grammar_alone).error() != errc::malformed;
}

bool has_good_baggage_members(std::string_view text) {
  return baggage::parse(text, grammar_alone).status == errc::ok;
}

/// The member around a wrong byte, up to that byte.
std::string_view member_before(std::string_view text, std::size_t offset) {
  const std::size_t comma = text.substr(0, offset).rfind(',');
  const std::size_t begin = comma == std::string_view::npos ? 0 : comma + 1;
  return text.substr(begin, offset - begin);
}

bool ends_a_member(std::string_view text, std::size_t offset) {
  return offset >= text.size() || text[offset] == ',';
}

bool is_white_space(char byte) { return byte == ' ' || byte == '\t'; }

std::string bytes_and_limit(std::string_view what, std::size_t bytes_max) {
  return concat({what, " has more than ", std::to_string(bytes_max), " bytes"});
}

fault tracestate_grammar_fault(const joined_values& values) {
  const std::string_view text = values.text();
  std::size_t wrong = first_wrong_byte(text, tracestate_completions, has_good_tracestate_members);
  std::string_view member = member_before(text, wrong);
  const std::size_t equals = member.find('=');
  fault found{{}, errc::malformed, {}, {}, {}};
  if (ends_a_member(text, wrong) && equals == std::string_view::npos) {
    found.words = "the member has no '=' and no value";
    found.rule = sections::list_members;
  } else if (ends_a_member(text, wrong)) {
    found.words = "the value is empty";
    found.rule = sections::tracestate_value;
  } else if (equals == std::string_view::npos) {
    const bool is_at_begin = without_outer_white_space(member).empty();
    found.words = without_outer_white_space(member).size() >= tracestate_key_bytes_max
                      ? bytes_and_limit("the key", tracestate_key_bytes_max)
                  : is_at_begin ? "a key begins with a to z or a digit"
                                : "a key consists of a to z, digits, '_', '-', '*', '/' and '@'";
    found.rule = sections::tracestate_key;
  } else {
    // White space that has something behind it is what is wrong: a TAB is not part of a value.
    const std::size_t tab = member.find_last_not_of(" \t");
    const std::size_t run = tab == std::string_view::npos ? 0 : tab + 1;
    const std::size_t first_tab = member.find('\t', run);
    if (first_tab != std::string_view::npos) wrong -= member.size() - first_tab;
    found.words = text[wrong] != '\t' && text[wrong] != '=' &&
                          member.size() - equals - 1 >= tracestate_value_bytes_max
                      ? bytes_and_limit("the value", tracestate_value_bytes_max)
                      : "a value consists of printable ASCII without ',' and '='";
    found.rule = sections::tracestate_value;
  }
  found.consequence = "one bad member refuses the whole tracestate";
  found.where = values.place_of(wrong);
  return found;
}

/// Where each member ends: the commas and the end.
std::vector<std::size_t> member_ends(std::string_view text) {
  std::vector<std::size_t> ends;
  for (std::size_t at = text.find(','); at != std::string_view::npos; at = text.find(',', at + 1)) {
    ends.push_back(at);
  }
  ends.push_back(text.size());
  return ends;
}

/// Where a member stands in a text.
struct member_span {
  std::size_t begin;
  std::size_t end;
};

/// The first member whose text, with all before it, `breaks` a limit.
template <class F>
std::optional<member_span> first_member_over(std::string_view text, F&& breaks) {
  const std::vector<std::size_t> ends = member_ends(text);
  const std::size_t number = first_that_holds(
      ends.size(), [&](std::size_t members) { return breaks(text.substr(0, ends[members - 1])); });
  if (number > ends.size()) return std::nullopt;
  member_span found{number == 1 ? 0 : ends[number - 2] + 1, ends[number - 1]};
  while (found.begin < found.end && is_white_space(text[found.begin])) ++found.begin;
  return found;
}

/// How many bytes of white space end this beginning of a member or property that may have none
/// there, because it goes on with something else than a separator.
std::size_t inner_white_space(std::string_view pair) {
  const std::size_t last = pair.find_last_not_of(" \t");
  if (last == std::string_view::npos || pair.find('=') == last) return 0;
  return pair.size() - last - 1;
}

fault baggage_member_fault(const joined_values& values, std::size_t base, std::size_t wrong) {
  const std::string_view text = values.text().substr(base);
  const std::string_view member = member_before(text, wrong);
  const std::size_t semicolon = member.rfind(';');
  const bool is_property = semicolon != std::string_view::npos;
  const std::string_view pair = is_property ? member.substr(semicolon + 1) : member;
  const bool is_in_key = pair.find('=') == std::string_view::npos;
  const bool is_at_end = ends_a_member(text, wrong) || text[wrong] == ';';
  const bool is_blank = without_outer_white_space(pair).empty();
  fault found{{}, errc::malformed, {}, sections::baggage_definition, {}};
  if (is_blank && is_at_end) {
    found.words = is_property ? "a property is empty" : "the member has no key";
  } else if (is_blank && wrong < text.size() && text[wrong] == '=') {
    found.words = is_property ? "a property has no key" : "the member has no key";
  } else if (is_in_key && is_at_end) {
    found.words = "the member has no '='";
  } else if (is_in_key) {
    found.words = "a key consists of letters, digits and !#$%&'*+-.^_`|~";
    found.rule = is_property ? sections::baggage_property : sections::baggage_key;
  } else {
    found.words =
        "a value is printable ASCII without white space, '\"', ',', ';' and '\\'; all else is "
        "percent-coded";
    found.rule = is_property ? sections::baggage_property : sections::baggage_value;
  }
  if (!is_at_end && text[wrong] != '=') wrong -= inner_white_space(pair);
  found.consequence = "this member is dropped, the others stay";
  found.where = values.place_of(base + wrong);
  return found;
}

void add_bad_members(const joined_values& values, std::string_view text,
                     std::vector<fault>& faults) {
  std::size_t base = 0;
  for (std::size_t shown = 0; shown < shown_members_max && base < text.size(); ++shown) {
    const std::string_view rest = text.substr(base);
    if (has_good_baggage_members(rest)) return;
    const std::size_t wrong = first_wrong_byte(rest, baggage_completions, has_good_baggage_members);
    faults.push_back(baggage_member_fault(values, base, wrong));
    const std::size_t comma = rest.find(',', wrong);
    if (comma == std::string_view::npos) return;
    base += comma + 1;
  }
}

}  // namespace

fault tracestate_fault(const joined_values& values, errc code, const inspection& seen) {
  fault found{{}, code, std::string(message(code)), {}, {}};
  if (code == errc::malformed) return tracestate_grammar_fault(values);
  if (code == errc::no_traceparent) {
    const std::size_t traceparent = seen.formats.field_index("traceparent");
    const bool is_absent = seen.report.fields[traceparent] == errc::absent;
    found.words = is_absent ? "there is no traceparent beside it, so it is not looked into"
                            : "the traceparent beside it was refused, so it is not looked into";
    found.rule = is_absent ? sections::no_traceparent : sections::bad_traceparent;
    found.where = values.place_of(0);
  } else if (code == errc::too_many_members) {
    found.words = concat(
        {"this is one member more than the limit of ", std::to_string(tracestate_members_max)});
    found.consequence = "the whole tracestate is refused";
    found.rule = sections::tracestate_values;
    const auto over = first_member_over(values.text(), [](std::string_view text) {
      return tracestate::parse(text, grammar_alone).error() == errc::too_many_members;
    });
    if (over.has_value()) found.where = values.place_of(over->begin, over->end - over->begin);
  } else if (code == errc::too_large) {
    found.words = concat(
        {"it has more bytes than are looked at: ", std::to_string(limits{}.field_scan_bytes_max)});
    found.consequence = "the whole tracestate is refused";
    found.rule = sections::tracestate_limits;
    found.where = values.place_of(limits{}.field_scan_bytes_max);
  }
  return found;
}

void add_baggage_faults(const joined_values& values, std::vector<fault>& faults) {
  const std::size_t raw_bytes_max = limits{}.field_scan_bytes_max;
  std::string_view text = values.text();
  const bool is_cut = text.size() > raw_bytes_max;
  if (is_cut) {
    const std::size_t comma = text.rfind(',');
    text = text.substr(0, comma == std::string_view::npos ? 0 : comma);
  }
  const auto breaks_a_limit = [](std::string_view beginning) {
    return baggage::parse(beginning).items.members() <
           baggage::parse(beginning, grammar_alone).items.members();
  };
  const std::optional<member_span> over = first_member_over(text, breaks_a_limit);
  // What is behind it was not looked at.
  add_bad_members(values, over.has_value() ? text.substr(0, over->begin) : text, faults);
  if (over.has_value()) {
    const bool is_full = baggage::parse(text).items.members() == limits{}.baggage_members_max;
    fault found{{}, is_full ? errc::too_many_members : errc::too_large, {}, {}, {}};
    found.words = "this member goes beyond the limit of ";
    found.words += is_full ? counted(limits{}.baggage_members_max, "member")
                           : counted(limits{}.baggage_bytes_max, "byte");
    found.consequence = "it and all behind it are dropped";
    found.rule = sections::baggage_limits;
    found.where = values.place_of(over->begin, over->end - over->begin);
    faults.push_back(std::move(found));
  } else if (is_cut) {
    faults.push_back(
        {{},
         errc::too_large,
         concat({"no more than ", std::to_string(raw_bytes_max), " bytes are looked at"}),
         sections::baggage_limits,
         values.place_of(raw_bytes_max),
         "members that do not end within them are dropped"});
  }
}

}  // namespace waybill::tool

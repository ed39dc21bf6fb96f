#include <algorithm>
#include <waybill/span_context.hpp>

#include "beginnings.hpp"
#include "field_faults.hpp"
#include "headers.hpp"
#include "sections.hpp"
#include "words.hpp"

namespace waybill::tool {

namespace {

/// A good value; the rest of it behind a beginning of another one tells whether that may stand.
constexpr std::string_view good_traceparent =
    "00-11111111111111111111111111111111-1111111111111111-00";
static_assert(good_traceparent.size() == traceparent_bytes);

/// The parts of a traceparent, for people.
struct part {
  std::size_t begin;
  std::size_t end;
  std::string_view name;
  section rule;
};
constexpr part parts[] = {
    {0, 2, "version", sections::version},           {2, 3, "", sections::traceparent_values},
    {3, 35, "trace-id", sections::trace_id},        {35, 36, "", sections::version_format},
    {36, 52, "parent-id", sections::parent_id},     {52, 53, "", sections::version_format},
    {53, 55, "trace-flags", sections::trace_flags},
};

const part& part_at(std::size_t offset) {
  return *std::find_if(std::begin(parts), std::end(parts),
                       [=](const part& each) { return offset < each.end; });
}

errc code_of_beginning(std::string_view value, std::size_t bytes) {
  std::string tried(value.substr(0, bytes));
  if (bytes < good_traceparent.size()) tried += good_traceparent.substr(bytes);
  return parse_traceparent(tried).error();
}

fault grammar_fault(const joined_values& values, std::string_view value) {
  const std::size_t checked = std::min(value.size(), traceparent_bytes + 1);
  const std::size_t wrong =
      first_that_holds(
          checked, [&](std::size_t bytes) { return code_of_beginning(value, bytes) != errc::ok; }) -
      1;
  const bool is_higher_version = value.substr(0, 2) != "00";
  if (wrong == checked) {
    return {{},
            errc::malformed,
            concat({"it ends too early: ", std::to_string(value.size()), " bytes of ",
                    std::to_string(traceparent_bytes)}),
            is_higher_version ? sections::traceparent_versions : sections::version_format,
            values.place_of(value.size())};
  }
  if (wrong == traceparent_bytes) {
    return {{},
            errc::malformed,
            is_higher_version ? "what follows the flags of a higher version must begin with '-'"
                              : "version 00 ends with the flags: nothing may follow them",
            is_higher_version ? sections::traceparent_versions : sections::version_format,
            values.place_of(wrong, value.size() - wrong)};
  }
  const part& broken = part_at(wrong);
  const errc code = code_of_beginning(value, wrong + 1);
  if (code == errc::forbidden_version) {
    return {{}, code, "version ff is forbidden", broken.rule, values.place_of(0, 2)};
  }
  if (code == errc::zero_id) {
    return {{},
            code,
            concat({"the ", broken.name, " is all zeros, which means none"}),
            broken.rule,
            values.place_of(broken.begin, broken.end - broken.begin)};
  }
  std::string words = "a '-' belongs here";
  if (!broken.name.empty()) {
    const char byte = value[wrong];
    words = concat({"the ", broken.name, " consists of the digits 0 to 9 and a to f"});
    if (byte >= 'A' && byte <= 'F') words += ": upper case is not allowed";
  }
  return {{}, errc::malformed, words, broken.rule, values.place_of(wrong)};
}

/// Where the first value that is not the first one again begins to differ from it.
std::optional<place> first_difference(const joined_values& values) {
  const std::string_view expected = values.value(0);
  for (std::size_t i = 1; i < values.count(); ++i) {
    const std::string_view value = values.value(i);
    if (value == expected) continue;
    const auto differing =
        std::mismatch(value.begin(), value.end(), expected.begin(), expected.end()).first;
    return values.place_in(i, static_cast<std::size_t>(differing - value.begin()));
  }
  return std::nullopt;
}

}  // namespace

fault traceparent_fault(const joined_values& values, errc code) {
  if (code == errc::duplicate) {
    return {{},
            code,
            concat({"the field came ", std::to_string(values.count()),
                    " times with different values, and only one may be"}),
            sections::field_order,
            first_difference(values)};
  }
  if (code == errc::too_large) {
    return {{},
            code,
            concat({"it has more bytes than are looked at: ",
                    std::to_string(limits{}.field_scan_bytes_max)}),
            sections::traceparent_versions,
            values.place_of(limits{}.field_scan_bytes_max)};
  }
  // Repeats are identical here.
  const std::string_view value = values.value(0);
  if (value.empty()) {
    return {{}, code, "it is empty", sections::traceparent_values, values.place_of(0)};
  }
  return grammar_fault(values, value);
}

}  // namespace waybill::tool

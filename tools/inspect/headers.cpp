#include "headers.hpp"

#include "printable.hpp"
#include "words.hpp"

namespace waybill::tool {

namespace {

std::optional<std::string> read_lines(std::istream& in, const propagator& formats,
                                      given_headers& out) {
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    const std::size_t colon = line.find(':');
    const std::string where = concat({"line ", std::to_string(number), " of standard input"});
    if (colon == std::string::npos) {
      return concat({where, " has no ':': '", escaped(abridged(line)), "'"});
    }
    if (colon == 0) return concat({where, " has no name before the ':'"});
    const std::string_view text(line);
    out.add(formats, text.substr(0, colon), without_outer_white_space(text.substr(colon + 1)));
  }
  if (in.bad()) return "standard input cannot be read";
  return std::nullopt;
}

}  // namespace

void given_headers::add(const propagator& formats, std::string_view name, std::string_view value) {
  if (formats.field_index(name) < formats.fields().size()) {
    fields.add(name, value);
    return;
  }
  if (ignored++ < ignored_names_max) ignored_names.emplace_back(name);
}

std::optional<std::string> read_headers(std::span<const std::string> arguments, std::istream& in,
                                        const propagator& formats, given_headers& out) {
  for (const std::string& argument : arguments) {
    if (argument == "-") {
      if (auto wrong = read_lines(in, formats, out)) return wrong;
      continue;
    }
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos) {
      return concat(
          {"no '=' in '", escaped(abridged(argument)), "'; a header is given as NAME=VALUE"});
    }
    if (equals == 0)
      return concat({"no name before the '=' in '", escaped(abridged(argument)), "'"});
    const std::string_view text(argument);
    out.add(formats, text.substr(0, equals), text.substr(equals + 1));
  }
  return std::nullopt;
}

std::string_view without_outer_white_space(std::string_view text) noexcept {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return text.substr(text.size());
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace waybill::tool

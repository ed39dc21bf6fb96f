#include "command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <waybill/errc.hpp>
#include <waybill/propagator.hpp>

#include "headers.hpp"
#include "inspection.hpp"
#include "json.hpp"
#include "printable.hpp"
#include "text.hpp"
#include "words.hpp"

namespace waybill::tool {

namespace {

constexpr std::string_view default_formats = "tracecontext,baggage";
constexpr const char* headers_help = R"(Headers:
  NAME=VALUE  a header, split at the first '='; names ignore case, and one that is
              given again is a repeated field
  -           reads lines "Name: value" from standard input

Ends with 0 when every field that is there is good, with 1 when one was refused
or something in it dropped, with 2 on wrong usage.)";

struct options {
  std::string formats{default_formats};
  bool as_json = false;
  std::vector<std::string> headers;
};

int wrong_usage(std::ostream& err, const std::string& what) {
  err << "waybill: " << what << "\nTry 'waybill inspect --help'.\n";
  return exit_usage;
}

std::string shown(std::string_view text) { return concat({"'", escaped(abridged(text)), "'"}); }

/// The formats of the list, or in words why there are none.
std::optional<std::string> choose_formats(const std::string& list, propagator& chosen) {
  if (list.find_first_not_of(" \t,") == std::string::npos) {
    return "--formats names no format ('none' is the name for no format)";
  }
  names_report report;
  chosen = propagator::from_names(list, &report);
  if (report.unknown == 0) return std::nullopt;
  return concat({"no format is called ", shown(report.first_unknown),
                 "; known are tracecontext, baggage and none"});
}

int inspect_headers(const options& chosen, std::istream& in, std::ostream& out, std::ostream& err) {
  propagator formats;
  if (const auto wrong = choose_formats(chosen.formats, formats)) return wrong_usage(err, *wrong);
  given_headers headers;
  if (const auto wrong = read_headers(chosen.headers, in, formats, headers)) {
    return wrong_usage(err, *wrong);
  }
  const inspection seen = inspect(headers.fields, formats);
  out << (chosen.as_json ? to_json(seen) : to_text(headers, seen)) << std::flush;
  if (!out) {
    err << "waybill: the answer cannot be written\n";
    return exit_failed;
  }
  return seen.is_good() ? exit_good : exit_refused;
}

}  // namespace

int run(std::vector<std::string> arguments, std::istream& in, std::ostream& out,
        std::ostream& err) {
  CLI::App app("Trace context and baggage through message brokers.", "waybill");
  const std::string version_text = concat({"waybill ", version()});
  app.set_version_flag("--version", version_text);
  app.require_subcommand(1);
  options chosen;
  CLI::App* inspect =
      app.add_subcommand("inspect", "Explains what a receiver makes of these headers.");
  inspect->add_option("--formats", chosen.formats, "Comma list of formats to read")
      ->type_name("LIST")
      ->capture_default_str();
  inspect->add_flag("--json", chosen.as_json, "One JSON object instead of text");
  inspect->set_version_flag("--version", version_text);
  inspect->footer(headers_help);
  // Headers are taken as what is left over: CLI11 would take "[a=1,b=2]" for a list of its own.
  inspect->allow_extras();
  // Behind "--" a name may begin with "-"; CLI11 would look for a subcommand there.
  const auto mark = std::find(arguments.begin(), arguments.end(), "--");
  if (mark != arguments.end()) {
    chosen.headers.assign(mark + 1, arguments.end());
    arguments.erase(mark, arguments.end());
  }
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) return wrong_usage(err, escaped(error.what()));
    app.exit(error, out, err);  // --help or --version
    return out ? exit_good : exit_failed;
  }
  const std::vector<std::string> before = inspect->remaining();
  for (const std::string& each : before) {
    if (each.size() > 1 && each.front() == '-') {
      return wrong_usage(err, concat({"there is no option ", shown(each)}));
    }
  }
  chosen.headers.insert(chosen.headers.begin(), before.begin(), before.end());
  return inspect_headers(chosen, in, out, err);
}

}  // namespace waybill::tool

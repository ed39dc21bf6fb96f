#pragma once

#include <istream>
#include <ostream>
#include <string>
#include <vector>

namespace waybill::tool {

/// What the command ends with.
enum exit_code : int {
  exit_good = 0,     ///< Every field that is there is good.
  exit_refused = 1,  ///< A field was refused, or something in one dropped.
  exit_usage = 2,    ///< The command was not used as it is meant to be.
  exit_failed = 3,   ///< The answer could not be written.
};

/// The command `waybill` with these arguments (without the program's name).
/// @par Output   an exit_code; the answer on `out`, what is wrong with the usage on `err`.
[[nodiscard]] int run(std::vector<std::string> arguments, std::istream& in, std::ostream& out,
                      std::ostream& err);

}  // namespace waybill::tool

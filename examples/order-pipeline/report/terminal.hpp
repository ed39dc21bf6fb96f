#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace order_pipeline {

/// How to write for whoever reads: colours only on a terminal that wants them, lines and arrows
/// only where the locale is UTF-8.
/// @par Spec   no-color.org
class terminal {
 public:
  static constexpr std::size_t columns = 100;

  /// Of the standard output and the environment.
  terminal();

  [[nodiscard]] std::string bold(std::string_view text) const { return paint("1", text); }
  [[nodiscard]] std::string dim(std::string_view text) const { return paint("2", text); }
  [[nodiscard]] std::string bad(std::string_view text) const { return paint("1;31", text); }
  [[nodiscard]] std::string good(std::string_view text) const { return paint("1;32", text); }
  /// What identifies the trace, wherever it stands.
  [[nodiscard]] std::string trace(std::string_view text) const { return paint("36", text); }
  [[nodiscard]] std::string field(std::string_view text) const { return paint("33", text); }

  [[nodiscard]] std::string_view pick(std::string_view utf8, std::string_view ascii) const {
    return has_utf8_ ? utf8 : ascii;
  }

 private:
  [[nodiscard]] std::string paint(std::string_view code, std::string_view text) const;

  bool has_colours_;
  bool has_utf8_;
};

/// Columns that text takes: its code points.
[[nodiscard]] std::size_t width(std::string_view text);
/// The text and spaces up to so many columns, one at least.
[[nodiscard]] std::string padded(std::string_view text, std::size_t columns);

}  // namespace order_pipeline

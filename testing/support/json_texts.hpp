#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace waybill_test {

/// Random JSON, always the same for a seed: objects with members of every kind, white space where
/// it may be, names of fields at the top and below, escapes.
class json_texts {
 public:
  explicit json_texts(std::uint64_t seed) : engine_(seed) {}

  /// 0 to `sides` - 1. The engine alone: what distributions make of it differs between libraries.
  std::size_t roll(std::size_t sides) { return static_cast<std::size_t>(engine_() % sides); }
  std::string bytes(std::size_t bytes_max) {
    std::string made(roll(bytes_max + 1), '\0');
    for (char& each : made) each = static_cast<char>(roll(256));
    return made;
  }

  /// An object; `with_fields` says whether members of fields may be at its top.
  std::string object(bool with_fields, std::size_t depth = 3) {
    std::string made = "{" + space();
    const std::size_t members = roll(6);
    for (std::size_t i = 0; i < members; ++i) {
      if (i > 0) made += "," + space();
      const bool is_field = with_fields && roll(2) == 0;
      made += is_field ? field_name() : name();
      made += space() + ":" + space();
      made += is_field && roll(8) != 0 ? string() : value(depth);
      made += space();
    }
    return made + "}";
  }
  std::string payload(bool with_fields) { return space() + object(with_fields) + space(); }

  /// The same text with something wrong with it, most of the time.
  std::string damaged(std::string text) {
    const std::size_t at = roll(text.size() + 1);
    switch (roll(4)) {
      case 0:
        return text.substr(0, at);
      case 1:
        return text.insert(at, 1, pick("{}[]\",:\\ u0e-.x\t\x01\xff"));
      case 2:
        return text.erase(at < text.size() ? at : 0, 1);
      default:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << roll(8)));
        return text;
    }
  }

  std::string string() {
    std::string made = "\"";
    for (std::size_t i = roll(12); i > 0; --i) {
      constexpr std::string_view pieces[] = {
          "a",       "1",       "=",       ",",       "\\\"",     "\\\\", "\\n",        "\\/",
          "\\u0041", "\\u00e9", "\\ud83d", "\\ude00", "\xc3\xa9", "\xff", "{\\\"a\\\"", "]"};
      made += pieces[roll(std::size(pieces))];
    }
    return made + "\"";
  }

 private:
  char pick(std::string_view from) { return from[roll(from.size())]; }
  std::string space() {
    std::string made;
    while (roll(3) == 0) made += pick(" \t\r\n");
    return made;
  }
  std::string field_name() {
    constexpr std::string_view names[] = {"\"traceparent\"",   "\"tracestate\"",
                                          "\"baggage\"",       "\"specversion\"",
                                          "\"\\u0062aggage\"", "\"trace\\u0073tate\""};
    return std::string(names[roll(std::size(names))]);
  }
  std::string name() {
    constexpr std::string_view names[] = {"\"a\"", "\"id\"", "\"\"", "\"Traceparent\"",
                                          "\"baggages\""};
    return roll(3) == 0 ? string() : std::string(names[roll(std::size(names))]);
  }
  // NOLINTNEXTLINE(misc-no-recursion): as deep as it is told
  std::string value(std::size_t depth) {
    constexpr std::string_view scalars[] = {"0",       "-1",   "1.5",   "2e+10",
                                            "-0.0E-1", "true", "false", "null"};
    if (depth == 0 || roll(2) == 0) {
      return roll(2) == 0 ? string() : std::string(scalars[roll(std::size(scalars))]);
    }
    if (roll(2) == 0) {
      std::string made = "{" + space();
      if (roll(3) != 0) made += field_name() + ":" + value(depth - 1) + space();
      return made + "}";
    }
    std::string made = "[" + space();
    const std::size_t items = roll(3);
    for (std::size_t i = 0; i < items; ++i) {
      made += (i > 0 ? "," + space() : "") + value(depth - 1) + space();
    }
    return made + "]";
  }

  std::mt19937_64 engine_;
};

}  // namespace waybill_test

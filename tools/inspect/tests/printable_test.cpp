#include "printable.hpp"

#include <gtest/gtest.h>

#include <string>

namespace waybill::tool {
namespace {

TEST(inspect_printable, bytes_that_a_terminal_would_obey_are_escaped) {
  EXPECT_EQ(escaped("a b~"), "a b~");
  EXPECT_EQ(escaped(std::string_view("\0\x1b[31m\t\r\n\x7f", 10)),
            "\\x00\\x1b[31m\\x09\\x0d\\x0a\\x7f");
  EXPECT_EQ(escaped("\\x41"), "\\\\x41");
}

TEST(inspect_printable, latin_letters_stay_and_other_bytes_are_escaped) {
  EXPECT_EQ(escaped("caf\xc3\xa9 \xc5\x93"), "caf\xc3\xa9 \xc5\x93");
  EXPECT_EQ(escaped("\xc2\x9b\xc2\xad\xc2\xa0"), "\\xc2\\x9b\\xc2\\xad\\xc2\\xa0");
  EXPECT_EQ(escaped("\xc3"), "\\xc3");
  EXPECT_EQ(escaped("\xc3x"), "\\xc3x");
  EXPECT_EQ(escaped("\xcc\x81\xe5\x80\xa4\xff"), "\\xcc\\x81\\xe5\\x80\\xa4\\xff");
}

TEST(inspect_printable, quoted_text_keeps_every_script_and_no_steering_character) {
  EXPECT_EQ(in_quotes("\xe5\x80\xa4 caf\xc3\xa9 \xf0\x9f\x98\x80"),
            "\"\xe5\x80\xa4 caf\xc3\xa9 \xf0\x9f\x98\x80\"");
  EXPECT_EQ(in_quotes("say \"hi\" \\"), "\"say \\\"hi\\\" \\\\\"");
  EXPECT_EQ(in_quotes(std::string_view("\0\x1b\x7f", 3)), "\"\\u{0}\\u{1b}\\u{7f}\"");
  // In two pieces, or the literal itself would steer.
  EXPECT_EQ(in_quotes(std::string("\xc2\x9b\xe2\x80") + '\xae' + "\xe2\x81" + '\xa6'),
            "\"\\u{9b}\\u{202e}\\u{2066}\"");
  EXPECT_EQ(in_quotes("\xef\xbf\xbd"), "\"\xef\xbf\xbd\"");
}

TEST(inspect_printable, a_caret_stands_under_its_byte) {
  EXPECT_EQ(marked("abc", 1, 1).text, "abc");
  EXPECT_EQ(marked("abc", 1, 1).carets, " ^");
  EXPECT_EQ(marked("abc", 1, 2).carets, " ^^");
  EXPECT_EQ(marked("abc", 3, 1).carets, "   ^");
  EXPECT_EQ(marked("", 0, 1).carets, "^");
}

TEST(inspect_printable, a_caret_counts_columns_and_not_bytes) {
  EXPECT_EQ(marked("\xc3\xa9\xc3\xa9x", 4, 1).carets, "  ^");
  EXPECT_EQ(marked("\x1bx", 1, 1).text, "\\x1bx");
  EXPECT_EQ(marked("\x1bx", 1, 1).carets, "    ^");
  EXPECT_EQ(marked("a\x1b", 1, 1).carets, " ^^^^");
  EXPECT_EQ(marked("a\xc3\xa9", 2, 1).carets, " ^");  // the second byte of a letter
}

TEST(inspect_printable, of_a_long_value_the_surroundings_are_shown) {
  const std::string value = std::string(1'000, 'a') + "X" + std::string(1'000, 'b');
  const marked_line line = marked(value, 1'000, 1);
  EXPECT_EQ(line.text, "..." + std::string(40, 'a') + "X" + std::string(24, 'b') + "...");
  EXPECT_EQ(line.carets, std::string(43, ' ') + "^");
}

TEST(inspect_printable, a_shown_part_does_not_begin_within_a_letter) {
  std::string value;
  for (int i = 0; i < 60; ++i) value += "\xc3\xa9";
  for (std::size_t at = 41; at < value.size(); ++at) {
    const marked_line line = marked(value, at, 1);
    EXPECT_EQ(line.text.find("\\x"), std::string::npos) << at << line.text;
  }
}

}  // namespace
}  // namespace waybill::tool

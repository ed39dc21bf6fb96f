// How the command is used, and what it ends with.

#include <gtest/gtest.h>

#include <string>

#include "support/running.hpp"

namespace waybill_test {
namespace {

const std::string good = "traceparent=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

bool is_wrong_usage(const ran& done) {
  return done.code == 2 && done.out.empty() && done.err.find("waybill: ") == 0;
}

TEST(inspect_usage, help_and_version_end_with_0) {
  for (const char* option : {"--help", "-h"}) {
    EXPECT_EQ(run_command({option}).code, 0);
    const ran done = inspect({option});
    EXPECT_EQ(done.code, 0);
    for (const char* word : {"--formats", "--json", "NAME=VALUE", "standard input"}) {
      EXPECT_NE(done.out.find(word), std::string::npos) << word;
    }
  }
  EXPECT_EQ(run_command({"--version"}).code, 0);
  EXPECT_EQ(run_command({"--version"}).out.find("waybill 0."), 0U);
  EXPECT_EQ(inspect({"--version"}).out, run_command({"--version"}).out);
}

TEST(inspect_usage, wrong_usage_ends_with_2_and_writes_nothing_on_standard_output) {
  EXPECT_TRUE(is_wrong_usage(run_command({})));
  EXPECT_TRUE(is_wrong_usage(run_command({"explain"})));
  EXPECT_TRUE(is_wrong_usage(run_command({"--json"})));
  EXPECT_TRUE(is_wrong_usage(inspect({"--bogus"})));
  EXPECT_TRUE(is_wrong_usage(inspect({"-x"})));
  EXPECT_TRUE(is_wrong_usage(inspect({"-x=1"})));
  EXPECT_TRUE(is_wrong_usage(inspect({good, "--json", "--bogus=1"})));
  EXPECT_TRUE(is_wrong_usage(inspect({"--json=maybe"})));
  EXPECT_TRUE(is_wrong_usage(inspect({"--formats"})));
  EXPECT_TRUE(is_wrong_usage(inspect({"--formats", "baggage", "--formats", "none"})));
}

TEST(inspect_usage, a_header_needs_a_name_and_an_equals_sign) {
  for (const char* wrong : {"traceparent", "", "=", "=value", "inspect"}) {
    EXPECT_TRUE(is_wrong_usage(inspect({wrong}))) << wrong;
    EXPECT_TRUE(is_wrong_usage(inspect_as_json({good, wrong}))) << wrong;
  }
  EXPECT_EQ(inspect({"a="}).code, 0);
}

TEST(inspect_usage, unknown_formats_are_wrong_usage) {
  EXPECT_TRUE(is_wrong_usage(inspect({"--formats", "b4"})));
  EXPECT_TRUE(is_wrong_usage(inspect({"--formats", "baggage,b4"})));
  EXPECT_NE(inspect({"--formats", "baggage,b4"}).err.find("'b4'"), std::string::npos);
  EXPECT_TRUE(is_wrong_usage(inspect({"--formats", ""})));
  EXPECT_TRUE(is_wrong_usage(inspect({"--formats", " , "})));
  EXPECT_EQ(inspect({"--formats", " Baggage ,,TRACECONTEXT,baggage"}).code, 0);
  EXPECT_EQ(inspect({"--formats=none", good}).code, 0);
}

TEST(inspect_usage, options_may_stand_anywhere) {
  const std::string expected = inspect_as_json({good, "--formats", "baggage"}).out;
  EXPECT_EQ(inspect({good, "--json", "--formats=baggage"}).out, expected);
  EXPECT_EQ(inspect({"--formats", "baggage", good, "--json"}).out, expected);
  EXPECT_EQ(inspect({"--json", "--formats", "baggage", "--", good}).out, expected);
  EXPECT_NE(inspect({"a=1", "--", "-b=2"}).out.find("2 other headers: a, -b"), std::string::npos);
}

TEST(inspect_usage, a_value_may_look_like_anything) {
  for (const char* value : {"--json", "-", "[a,b]", "%%", "{}", "inspect"}) {
    const auto object =
        nlohmann::json::parse(inspect_as_json({std::string("baggage=") + value}).out);
    EXPECT_EQ(object["fields"]["baggage"], "malformed") << value;
  }
  const auto object = nlohmann::json::parse(inspect_as_json({"baggage=a=[x]"}).out);
  EXPECT_EQ(object["baggage"][0]["value"], "[x]");
  // CLI11 would make two of it.
  EXPECT_EQ(inspect({"[traceparent=x,tracestate=]"}).code, 0);
}

TEST(inspect_usage, lines_of_standard_input_are_split_at_the_first_colon) {
  const auto value_of = [](const std::string& line) {
    const auto object = nlohmann::json::parse(inspect_as_json({"-"}, line).out);
    return object["baggage"].empty() ? "" : object["baggage"][0]["value"].get<std::string>();
  };
  EXPECT_EQ(value_of("baggage:a=b:c"), "b:c");
  EXPECT_EQ(value_of("Baggage: \t a=b \t \n"), "b");
  EXPECT_EQ(value_of("\n\r\nbaggage: a=b\r\n"), "b");
  EXPECT_EQ(value_of("host: x:1\nbaggage: a=b"), "b");
}

TEST(inspect_usage, a_line_without_a_colon_or_a_name_is_wrong_usage) {
  EXPECT_TRUE(is_wrong_usage(inspect({"-"}, "baggage=a=b\n")));
  EXPECT_TRUE(is_wrong_usage(inspect({"-"}, "GET / HTTP/1.1\r\nbaggage: a=b\r\n")));
  EXPECT_TRUE(is_wrong_usage(inspect({"-"}, ": a=b\n")));
  EXPECT_NE(inspect({"-"}, "a: b\n\nc\n").err.find("line 3 "), std::string::npos);
}

TEST(inspect_usage, lines_and_arguments_are_one_list_in_order) {
  const ran done =
      inspect_as_json({"baggage=a=1", "-", "baggage=d=4"}, "baggage: b=2\nbaggage: c=3\n");
  EXPECT_EQ(nlohmann::json::parse(done.out)["inject"]["baggage"], "a=1,b=2,c=3,d=4");
  EXPECT_EQ(inspect_as_json({"-"}, "").code, 0);
}

TEST(inspect_usage, what_is_wrong_is_told_without_bytes_that_steer_a_terminal) {
  for (const ran& done : {inspect({"\x1b[31m"}), inspect({"-\x1b[31m"}), inspect({"-"}, "\x1b\n"),
                          inspect({"--formats", "\x1b"}), inspect({"--json=\x1b"})}) {
    EXPECT_TRUE(is_wrong_usage(done));
    EXPECT_EQ(done.err.find('\x1b'), std::string::npos) << done.err;
  }
}

TEST(inspect_usage, an_answer_that_cannot_be_written_ends_with_3) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  out.setstate(std::ios::badbit);
  EXPECT_EQ(waybill::tool::run({"inspect", good}, in, out, err), 3);
  EXPECT_NE(err.str(), "");
}

}  // namespace
}  // namespace waybill_test

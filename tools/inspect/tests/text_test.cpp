// What the command says to people: the byte that is wrong, in words, and the section that says so.

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "faults.hpp"
#include "headers.hpp"
#include "support/running.hpp"

namespace waybill_test {
namespace {

const std::string trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string span_id = "00f067aa0ba902b7";
const std::string good_value = "00-" + trace_id + "-" + span_id + "-01";
const std::string good = "traceparent=" + good_value;

std::vector<waybill::tool::fault> faults_of(const std::vector<std::string>& arguments) {
  waybill::tool::given_headers headers;
  std::istringstream none;
  const waybill::propagator formats;
  EXPECT_EQ(waybill::tool::read_headers(arguments, none, formats, headers), std::nullopt);
  const waybill::tool::inspection seen = waybill::tool::inspect(headers.fields, formats);
  return waybill::tool::find_faults(headers.fields, seen).faults;
}

struct placed_fault {
  std::string value;
  std::size_t offset;
  std::size_t bytes;
  std::string words;    // a part of them
  std::string section;  // the fragment of the link
};
std::ostream& operator<<(std::ostream& out, const placed_fault& one) {
  // ctest takes it for a part of the test's name.
  return out << one.section << " byte " << one.offset;
}

void expect_fault(const std::vector<std::string>& headers, const placed_fault& expected) {
  const auto faults = faults_of(headers);
  ASSERT_EQ(faults.size(), 1U);
  ASSERT_TRUE(faults[0].where.has_value());
  EXPECT_EQ(faults[0].where->offset, expected.offset);
  EXPECT_EQ(faults[0].where->bytes, expected.bytes);
  EXPECT_NE(faults[0].words.find(expected.words), std::string::npos) << faults[0].words;
  ASSERT_TRUE(faults[0].rule.has_value());
  const std::string_view link = faults[0].rule->link;
  EXPECT_EQ(link.substr(link.find('#') + 1), expected.section);
}

class traceparent_faults : public testing::TestWithParam<placed_fault> {};
TEST_P(traceparent_faults, are_placed_at_the_wrong_byte) {
  expect_fault({"TraceParent=" + GetParam().value}, GetParam());
}
INSTANTIATE_TEST_SUITE_P(
    inspect, traceparent_faults,
    testing::Values(placed_fault{"", 0, 1, "empty", "traceparent-header-field-values"},
                    placed_fault{"x", 0, 1, "version", "version"},
                    placed_fault{"0X" + good_value.substr(2), 1, 1, "version", "version"},
                    placed_fault{"00_" + good_value.substr(3), 2, 1, "'-' belongs here",
                                 "traceparent-header-field-values"},
                    placed_fault{"00", 2, 1, "too early: 2 bytes of 55", "version-format"},
                    placed_fault{" \t00-4BF92F", 6, 1, "upper case", "trace-id"},
                    placed_fault{"00-" + trace_id + "g" + span_id + "-01", 35, 1,
                                 "'-' belongs here", "version-format"},
                    placed_fault{"00-" + trace_id + "-" + span_id.substr(0, 15) + "g-01", 51, 1,
                                 "parent-id", "parent-id"},
                    placed_fault{"00-" + trace_id + "-" + span_id + ".01", 52, 1,
                                 "'-' belongs here", "version-format"},
                    placed_fault{"00-" + trace_id + "-" + span_id + "-0B", 54, 1, "upper case",
                                 "trace-flags"},
                    placed_fault{"00-" + trace_id + "-" + span_id + "-0", 54, 1,
                                 "too early: 54 bytes", "version-format"},
                    placed_fault{"cc-" + trace_id + "-" + span_id + "-0", 54, 1,
                                 "too early: 54 bytes", "versioning-of-traceparent"},
                    placed_fault{good_value + "-x", 55, 2, "nothing may follow", "version-format"},
                    placed_fault{"cc" + good_value.substr(2) + ".x", 55, 2, "begin with '-'",
                                 "versioning-of-traceparent"},
                    placed_fault{"ff" + good_value.substr(2), 0, 2, "forbidden", "version"},
                    placed_fault{"00-" + std::string(32, '0') + "-" + span_id + "-01", 3, 32,
                                 "all zeros", "trace-id"},
                    placed_fault{" 00-" + trace_id + "-" + std::string(16, '0') + "-01", 37, 16,
                                 "all zeros", "parent-id"},
                    placed_fault{"00-" + trace_id + "-" + span_id + "-\xff" + "1", 53, 1,
                                 "trace-flags", "trace-flags"}));

class tracestate_faults : public testing::TestWithParam<placed_fault> {};
TEST_P(tracestate_faults, are_placed_at_the_wrong_byte) {
  expect_fault({good, "tracestate=" + GetParam().value}, GetParam());
}
INSTANTIATE_TEST_SUITE_P(
    inspect, tracestate_faults,
    testing::Values(placed_fault{"Foo=1", 0, 1, "begins with", "key"},
                    placed_fault{"a=1, @b=2", 5, 1, "begins with", "key"},
                    placed_fault{"a=1,bC=2", 5, 1, "consists of", "key"},
                    placed_fault{"a =1", 1, 1, "consists of", "key"},
                    placed_fault{"=1", 0, 1, "begins with", "key"},
                    placed_fault{"a,b=1", 1, 1, "no '='", "list-members"},
                    placed_fault{"a=1,b", 5, 1, "no '='", "list-members"},
                    placed_fault{"a=1,b=,c=2", 6, 1, "value is empty", "value"},
                    placed_fault{"a=1,b= ", 6, 1, "value is empty", "value"},
                    placed_fault{"a=b=c", 3, 1, "without ',' and '='", "value"},
                    placed_fault{"a=b\tc", 3, 1, "printable ASCII", "value"},
                    placed_fault{"a=b \tc", 4, 1, "printable ASCII", "value"},
                    placed_fault{"a=\tb", 2, 1, "printable ASCII", "value"},
                    placed_fault{"a=1,b=caf\xc3\xa9", 9, 1, "printable ASCII", "value"},
                    placed_fault{"a=1,b=2;\x7f", 8, 1, "printable ASCII", "value"},
                    placed_fault{std::string(257, 'k') + "=1", 256, 1, "more than 256", "key"},
                    placed_fault{"a=" + std::string(257, 'v'), 258, 1, "more than 256", "value"}));

class baggage_faults : public testing::TestWithParam<placed_fault> {};
TEST_P(baggage_faults, are_placed_at_the_wrong_byte) {
  expect_fault({"baggage=" + GetParam().value}, GetParam());
}
INSTANTIATE_TEST_SUITE_P(
    inspect, baggage_faults,
    testing::Values(placed_fault{"a", 1, 1, "no '='", "definition"},
                    placed_fault{"a=1,b,c=2", 5, 1, "no '='", "definition"},
                    placed_fault{"a;p=1", 1, 1, "no '='", "definition"},
                    placed_fault{"a=1,=2", 4, 1, "no key", "definition"},
                    placed_fault{";p", 0, 1, "no key", "definition"},
                    placed_fault{"a b=1", 1, 1, "a key consists", "key"},
                    placed_fault{"a/b=1", 1, 1, "a key consists", "key"},
                    placed_fault{"a=x  y", 3, 1, "white space", "value"},
                    placed_fault{"a= x\ty", 4, 1, "white space", "value"},
                    placed_fault{"a= \"x\"", 3, 1, "'\"'", "value"},
                    placed_fault{"a=1\\", 3, 1, "'\\'", "value"},
                    placed_fault{"a=caf\xc3\xa9", 5, 1, "printable ASCII", "value"},
                    placed_fault{"a=1;", 4, 1, "property is empty", "definition"},
                    placed_fault{"a=1;;p", 4, 1, "property is empty", "definition"},
                    placed_fault{"a=1; ,b=2", 5, 1, "property is empty", "definition"},
                    placed_fault{"a=1; =2", 5, 1, "property has no key", "definition"},
                    placed_fault{"a=1;p q", 5, 1, "a key consists", "property"},
                    placed_fault{"a=1;p=q r", 7, 1, "white space", "property"}));

TEST(inspect_text, the_place_is_in_the_header_that_is_wrong) {
  const auto faults = faults_of({"baggage=a=1", "x=y", "baggage= b ", "baggage=c=3"});
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].where->header, 1U);  // of those that are fields
  EXPECT_EQ(faults[0].where->offset, 2U);
}

TEST(inspect_text, each_bad_member_is_shown_up_to_five) {
  EXPECT_EQ(faults_of({"baggage=a,b=1,c", "baggage=d"}).size(), 3U);
  EXPECT_EQ(faults_of({"baggage=a,b,c,d,e,f,g"}).size(), 5U);
  EXPECT_NE(inspect({"baggage=a,b,c,d,e,f"}).out.find("1 more bad member of"), std::string::npos);
}

TEST(inspect_text, different_traceparents_are_shown_where_they_begin_to_differ) {
  const auto faults = faults_of({good, good, "traceparent= " + good_value.substr(0, 54) + "0"});
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].where->header, 2U);
  EXPECT_EQ(faults[0].where->offset, 55U);
  EXPECT_NE(faults[0].words.find("3 times"), std::string::npos);
}

TEST(inspect_text, a_tracestate_tells_what_is_wrong_with_its_traceparent) {
  EXPECT_NE(faults_of({"tracestate=a=1"})[0].words.find("there is no traceparent"),
            std::string::npos);
  const auto faults = faults_of({"traceparent=x", "tracestate=a=1"});
  ASSERT_EQ(faults.size(), 2U);
  EXPECT_NE(faults[1].words.find("was refused"), std::string::npos);
}

TEST(inspect_text, no_byte_of_a_header_reaches_the_terminal_as_a_control) {
  for (int byte = 1; byte < 256; ++byte) {
    if (byte == '\n') continue;
    const std::string raw(1, static_cast<char>(byte));
    const std::string escape =
        std::string("%") + "0123456789abcdef"[byte >> 4] + "0123456789abcdef"[byte & 15];
    const ran done = inspect({"traceparent=" + raw, "baggage=" + raw + "=" + raw + ",k=" + escape,
                              "x" + raw + "=x", "tracestate=" + raw});
    for (const char shown : done.out) {
      EXPECT_TRUE(shown == '\n' || static_cast<unsigned char>(shown) >= 0x20) << byte;
      EXPECT_NE(shown, 0x7f) << byte;
    }
  }
}

TEST(inspect_text, says_what_was_understood_what_is_sent_on_and_what_was_wrong) {
  const ran done =
      inspect({"TraceParent=00-" + trace_id + "-" + span_id + "-03", "tracestate=rojo=1, congo= 2",
               "baggage=user=Am%C3%A9lie;p;q=%20", "baggage=plain text=1", "host=a"});
  EXPECT_EQ(done.code, 1);
  EXPECT_EQ(done.out, R"(trace
  trace id  4bf92f3577b34da6a3ce929d0e0e4736
  span id   00f067aa0ba902b7
  flags     03 (sampled, random trace id)
tracestate: 2 members
  rojo = "1"
  congo = " 2"
baggage: 1 member
  user = "Amélie"
    ; p
    ; q = " "
fields
  traceparent  ok
  tracestate   ok
  baggage      malformed (2 times)
  not looked at: 1 other header: host
sent on
  traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03
  tracestate: rojo=1,congo= 2
  baggage: user=Am%C3%A9lie;p;q=%20

baggage: malformed
  a key consists of letters, digits and !#$%&'*+-.^_`|~
  this member is dropped, the others stay
    baggage: plain text=1
                  ^ byte 6 of 12
  W3C Baggage, "key"
  https://www.w3.org/TR/baggage/#key
)");
}

}  // namespace
}  // namespace waybill_test

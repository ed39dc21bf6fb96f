// The rules BG of docs/formats.md for reading; baggage_limits_test.cpp has those about limits,
// baggage_builder_test.cpp those for changing, percent_coding_test.cpp those about escapes.
#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <waybill/baggage.hpp>

#include "support/reading.hpp"
#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::baggage;
using waybill::baggage_property;
using waybill::baggage_view;
using waybill::errc;

reading read_fields(const std::vector<std::string>& values) {
  waybill::header_list list;
  for (const std::string& value : values) list.add("baggage", value);
  return read(list);
}

/// The canonical text of a field in which nothing is wrong; both ways to read it must agree.
std::string cleaned(const std::string& value) {
  const reading got = read_fields({value});
  const auto parsed = baggage::parse(value);
  EXPECT_EQ(got.of("baggage"), errc::ok) << value;
  EXPECT_EQ(got.report.members_dropped, 0U) << value;
  EXPECT_EQ(parsed.status, errc::ok) << value;
  EXPECT_EQ(parsed.members_dropped, 0U) << value;
  EXPECT_EQ(parsed.items.text(), got.context.baggage_text()) << value;
  EXPECT_EQ(parsed.items.members(), got.context.baggage_members()) << value;
  return got.baggage();
}

/// What is left of a field with `dropped` bad members; both ways to read it must agree.
std::string left_of(const std::string& value, std::uint32_t dropped = 1) {
  const reading got = read_fields({value});
  const auto parsed = baggage::parse(value);
  EXPECT_EQ(got.of("baggage"), errc::malformed) << value;
  EXPECT_EQ(got.report.members_dropped, dropped) << value;
  EXPECT_EQ(parsed.status, errc::malformed) << value;
  EXPECT_EQ(parsed.members_dropped, dropped) << value;
  EXPECT_EQ(parsed.items.text(), got.context.baggage_text()) << value;
  return got.baggage();
}

struct entry {
  std::string key;
  std::string value;
  std::vector<baggage_property> properties;
  friend bool operator==(const entry&, const entry&) = default;
};

std::ostream& operator<<(std::ostream& out, const entry& shown) {
  out << shown.key << " -> \"" << shown.value << '"';
  for (const auto& property : shown.properties) {
    out << " ; " << property.key << " -> " << property.value.value_or("(none)");
  }
  return out;
}

std::vector<entry> entries_of(const waybill::context& context) {
  std::vector<entry> entries;
  for (const auto& member : baggage_view(context)) {
    entries.push_back({std::string(member.key), member.value(), member.properties()});
  }
  return entries;
}

std::vector<entry> entries(const std::string& value) {
  return entries_of(read_fields({value}).context);
}

std::optional<std::string> value_in(const std::string& text, std::string_view key) {
  const reading got = read_fields({text});
  return baggage_view(got.context).get(key);
}

bool is_token_byte(int byte) {
  if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9'))
    return true;
  return byte != 0 && std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(byte)) !=
                          std::string_view::npos;
}

bool is_value_byte(int byte) {
  return byte == 0x21 || (byte >= 0x23 && byte <= 0x2b) || (byte >= 0x2d && byte <= 0x3a) ||
         (byte >= 0x3c && byte <= 0x5b) || (byte >= 0x5d && byte <= 0x7e);
}

// What the unit tests of W3C Baggage's reference implementation ask, in our own words.
TEST(Baggage, BG01_BG02_BG06_BG07_BG09_the_working_group_s_vectors) {
  const std::string printable = "\t \"';=asdf!@#$%^&*()";
  const std::string coded = "%09%20%22%27%3B%3Dasdf%21%40%23%24%25%5E%26%2A%28%29";
  const std::vector<std::pair<std::string, std::vector<entry>>> vectors{
      {"", {}},
      {"user=alice", {{"user", "alice", {}}}},
      {"user=alice;vip,node=n1;zone=eu",
       {{"user", "alice", {{"vip", std::nullopt}}}, {"node", "n1", {{"zone", "eu"}}}}},
      {"user \t = \t alice \t ; \t vip \t , \t node \t = \t n1 \t ; \t zone \t = \t eu",
       {{"user", "alice", {{"vip", std::nullopt}}}, {"node", "n1", {{"zone", "eu"}}}}},
      {"user=alice;zone=eu,node=n1;rack=7",
       {{"user", "alice", {{"zone", "eu"}}}, {"node", "n1", {{"rack", "7"}}}}},
      {"user \t = \t alice \t ; \t zone=eu \t , \t node \t = \t n1 \t ; \t rack \t = \t 7",
       {{"user", "alice", {{"zone", "eu"}}}, {"node", "n1", {{"rack", "7"}}}}},
      {"user=alice=equals", {{"user", "alice=equals", {}}}},
      {"user=" + coded, {{"user", printable, {}}}},
      {"user \t = \t " + coded + " \t ", {{"user", printable, {}}}},
      {"user=alice;vip;zone=eu", {{"user", "alice", {{"vip", std::nullopt}, {"zone", "eu"}}}}},
      {"user=alice;p;p=1;p=2", {{"user", "alice", {{"p", std::nullopt}, {"p", "1"}, {"p", "2"}}}}},
      {"user \t = \t alice \t ", {{"user", "alice", {}}}},
      {"user \t = \t alice \t ; \t vip", {{"user", "alice", {{"vip", std::nullopt}}}}},
      {"user \t = \t alice \t ; \t vip \t ; \t zone \t = \t eu",
       {{"user", "alice", {{"vip", std::nullopt}, {"zone", "eu"}}}}},
      {"user=alice;zone=" + coded, {{"user", "alice", {{"zone", printable}}}}},
      {"user=alice;zone%20%09%20%3D%20%09%20eu",
       {{"user", "alice", {{"zone%20%09%20%3D%20%09%20eu", std::nullopt}}}}},
  };
  for (const auto& [text, expected] : vectors) {
    cleaned(text);
    EXPECT_EQ(entries(text), expected) << text;
  }
}

TEST(Baggage, BG01_members_are_kept_in_their_order) {
  EXPECT_EQ(cleaned("b=2,a=1,c=3"), "b=2,a=1,c=3");
  EXPECT_EQ(entries("b=2,a=1"), (std::vector<entry>{{"b", "2", {}}, {"a", "1", {}}}));
}

TEST(Baggage, BG01_several_fields_are_joined_in_their_order) {
  const reading got = read_fields({"userId=alice", "serverNode=DF%2028,isProduction=false"});
  EXPECT_EQ(got.of("baggage"), errc::ok);
  EXPECT_EQ(got.baggage(), "userId=alice,serverNode=DF%2028,isProduction=false");
  EXPECT_EQ(got.context.baggage_members(), 3U);
  EXPECT_EQ(read_fields({"a=1;", "p,b=2"}).baggage(), "b=2") << "nothing goes on in the next field";
  EXPECT_EQ(read_fields({"", "a=1", "", " b=2 ", ""}).baggage(), "a=1,b=2");
}

TEST(Baggage, BG02_white_space_around_separators_is_removed) {
  EXPECT_EQ(cleaned("key1=value1;property1;property2, key2 = value2, key3=value3; "
                    "propertyKey=propertyValue"),
            "key1=value1;property1;property2,key2=value2,key3=value3;propertyKey=propertyValue");
  EXPECT_EQ(cleaned("userId =   alice"), "userId=alice");
  EXPECT_EQ(cleaned(" \ta \t=\t 1 \t;\t p \t=\t q \t;\t r \t,\t b \t=\t 2 \t"), "a=1;p=q;r,b=2");
  EXPECT_EQ(cleaned("p2=1 ,l=w"), "p2=1,l=w");
  EXPECT_EQ(cleaned("a= \t,b=\t"), "a=,b=");
  EXPECT_EQ(cleaned("a=1;p= ,b=2"), "a=1;p=,b=2");
}

TEST(Baggage, BG02_white_space_within_keys_and_values_is_bad) {
  for (const char* bad : {"a b=1", "a=1 2", "a=1\t2", "a=1;p q", "a=1;p=q r", "a=1 ;p q=r",
                          "a=b =c", "a=b= c", "a=1;p=q =r"}) {
    EXPECT_EQ(left_of("x=1," + std::string(bad) + ",y=2"), "x=1,y=2") << bad;
  }
}

TEST(Baggage, BG03_every_byte_of_a_key) {
  for (int byte = 0; byte < 256; ++byte) {
    if (byte == ',' || byte == '=') continue;
    const std::string one(1, static_cast<char>(byte));
    for (const std::string& key : {one, "a" + one, one + "b", "a" + one + "b"}) {
      // White space at the ends is not the key's; alone it leaves no key.
      const bool is_space = byte == ' ' || byte == '\t';
      if (is_token_byte(byte)) {
        EXPECT_EQ(cleaned(key + "=v"), key + "=v");
        EXPECT_EQ(cleaned("k=v;" + key + "=v;" + key), "k=v;" + key + "=v;" + key);
      } else if (!is_space || key == "a" + one + "b" || key == one) {
        EXPECT_EQ(left_of("x=1," + key + "=v,y=2"), "x=1,y=2") << byte;
        if (byte != ';') {
          EXPECT_EQ(left_of("x=1,k=v;" + key + "=w,y=2"), "x=1,y=2") << byte;
        }
      }
    }
  }
}

TEST(Baggage, BG03_keys_are_case_sensitive) {
  const reading got = read_fields({"User=1,user=2,USER=3"});
  EXPECT_EQ(got.baggage(), "User=1,user=2,USER=3");
  EXPECT_EQ(baggage_view(got.context).get("user"), "2");
  EXPECT_EQ(baggage_view(got.context).get("User"), "1");
  EXPECT_EQ(baggage_view(got.context).get("uSER"), std::nullopt);
}

TEST(Baggage, BG03_a_member_without_key_or_equals_sign_is_bad) {
  for (const char* bad : {"=1", "=", "a", "a;p=1", ";p=1", ";", " =1", "a;", "a b"}) {
    EXPECT_EQ(left_of("x=1," + std::string(bad) + ",y=2"), "x=1,y=2") << bad;
    EXPECT_EQ(left_of(bad), "") << bad;
  }
}

TEST(Baggage, BG04_keys_are_never_decoded) {
  const reading got = read_fields({"%41=1;%42=2;%43,zo%C3%AB+x=3"});
  EXPECT_EQ(entries_of(got.context),
            (std::vector<entry>{{"%41", "1", {{"%42", "2"}, {"%43", std::nullopt}}},
                                {"zo%C3%AB+x", "3", {}}}));
  EXPECT_EQ(baggage_view(got.context).get("A"), std::nullopt);
  EXPECT_EQ(baggage_view(got.context).get("%41"), "1");
}

TEST(Baggage, BG05_every_byte_of_a_value) {
  for (int byte = 0; byte < 256; ++byte) {
    if (byte == ',' || byte == ';') continue;
    const std::string one(1, static_cast<char>(byte));
    for (const std::string& value : {one, "a" + one, one + "b", "a" + one + "b"}) {
      if (is_value_byte(byte)) {
        EXPECT_EQ(cleaned("k=" + value), "k=" + value);
        EXPECT_EQ(cleaned("k=v;p=" + value), "k=v;p=" + value);
      } else if ((byte != ' ' && byte != '\t') || value.size() == 3) {
        EXPECT_EQ(left_of("x=1,k=" + value + ",y=2"), "x=1,y=2") << byte;
        EXPECT_EQ(left_of("x=1,k=v;p=" + value + ",y=2"), "x=1,y=2") << byte;
      }
    }
  }
}

TEST(Baggage, BG05_a_value_may_be_empty) {
  EXPECT_EQ(cleaned("a="), "a=");
  EXPECT_EQ(cleaned("a=,b=;p=,c=;q"), "a=,b=;p=,c=;q");
  EXPECT_EQ(entries("b=;p=;q"), (std::vector<entry>{{"b", "", {{"p", ""}, {"q", std::nullopt}}}}));
  EXPECT_EQ(value_in("a=", "a"), "");
}

TEST(Baggage, BG06_equals_signs_belong_to_the_value) {
  EXPECT_EQ(cleaned("a=b=c,d==,e===f"), "a=b=c,d==,e===f");
  EXPECT_EQ(entries("a=b=c,d==;p=q=r;s=="),
            (std::vector<entry>{{"a", "b=c", {}}, {"d", "=", {{"p", "q=r"}, {"s", "="}}}}));
}

TEST(Baggage, BG07_properties_keep_their_order_and_repeats) {
  EXPECT_EQ(cleaned("k=v;z;a=1;z=2;a"), "k=v;z;a=1;z=2;a");
  EXPECT_EQ(entries("k=v;z;a=1;z=2;a"),
            (std::vector<entry>{
                {"k", "v", {{"z", std::nullopt}, {"a", "1"}, {"z", "2"}, {"a", std::nullopt}}}}));
  const reading got = read_fields({"k=v%20w;a=%20;b"});
  const auto member = baggage_view(got.context).find("k");
  ASSERT_TRUE(member.has_value());
  EXPECT_EQ(member->raw_value, "v%20w");
  EXPECT_EQ(member->raw_properties, "a=%20;b");
}

TEST(Baggage, BG08_properties_that_are_empty_or_no_token_make_the_member_bad) {
  for (const char* bad : {"k=v;", "k=v;;p", "k=v; ;p", "k=v;p;", "k=v;=w", "k=v; =w", "k=;",
                          "k=v;p(", "k=v;p=\"q\"", "k=v;p=\\", "k=v;zo\xc3\xab=1", "k=v;p@q"}) {
    EXPECT_EQ(left_of("x=1," + std::string(bad) + ",y=2"), "x=1,y=2") << bad;
  }
}

TEST(Baggage, BG09_values_of_members_and_properties_are_decoded) {
  EXPECT_EQ(entries("user=zo%c3%AB%20%2Cx;p=%3B%3d"),
            (std::vector<entry>{{"user", "zo\xc3\xab ,x", {{"p", ";="}}}}));
  const std::string with_nul("a\0b", 3);
  EXPECT_EQ(value_in("k=a%00b", "k"), with_nul);
}

TEST(Baggage, BG10_BG11_BG12_escapes_that_are_none_pluses_and_invalid_utf8_are_read) {
  EXPECT_EQ(cleaned("a=%,b=%G1,c=1+2,d=%C3%28;p=%;q=+;r=%FF"),
            "a=%,b=%G1,c=1+2,d=%C3%28;p=%;q=+;r=%FF");
  EXPECT_EQ(entries("a=%,b=%G1,c=1+2,d=%C3%28;p=%;q=+;r=%FF"),
            (std::vector<entry>{
                {"a", "%", {}},
                {"b", "%G1", {}},
                {"c", "1+2", {}},
                {"d", "\xef\xbf\xbd(", {{"p", "%"}, {"q", "+"}, {"r", "\xef\xbf\xbd"}}}}));
}

TEST(Baggage, BG13_bad_members_are_dropped_and_counted_and_the_others_stay) {
  EXPECT_EQ(left_of("k y=1,a=1"), "a=1");
  EXPECT_EQ(left_of("a=1,\"b\"=2,c=3"), "a=1,c=3");
  EXPECT_EQ(left_of("a=1,b,=c,d=\x7f,e=5", 3), "a=1,e=5");
  EXPECT_EQ(left_of("bad,worse", 2), "");
  EXPECT_EQ(left_of("a=1\r\nX-Evil: 1,b=2"), "b=2");
  const reading several = read_fields({"a=1,b", "c", "d=4,e"});
  EXPECT_EQ(several.of("baggage"), errc::malformed);
  EXPECT_EQ(several.report.members_dropped, 3U);
  EXPECT_EQ(several.baggage(), "a=1,d=4");
}

TEST(Baggage, BG13_a_quoted_comma_is_a_comma) {
  EXPECT_EQ(left_of("a=\"1,2\",b=3", 2), "b=3");
  EXPECT_EQ(left_of("k,y=1"), "y=1");
}

TEST(Baggage, BG14_empty_members_are_passed_over) {
  EXPECT_EQ(cleaned(",a=1"), "a=1");
  EXPECT_EQ(cleaned("a=1,"), "a=1");
  EXPECT_EQ(cleaned(",, ,\t,a=1, ,,b=2 ,\t, "), "a=1,b=2");
  for (const char* text : {"", " ", "\t", ",", " ,\t, ,"}) {
    EXPECT_EQ(cleaned(text), "");
    EXPECT_TRUE(read_fields({text}).context.is_empty());
  }
}

TEST(Baggage, BG15_what_is_passed_on_stays_byte_for_byte) {
  for (const char* text : {"k=zo%c3%AB+%2Cx,K=%41%7e;P=%2f;p", "a=/:=+?@[]{}|~^`<>!#$&'()*-._",
                           "b=2,a=1,b=2", "k=%EF%BF%BD%C3%28%%G1", "x=y;a=1;a=1;b"}) {
    EXPECT_EQ(cleaned(text), text);
    EXPECT_EQ(written(read_fields({text}).context, "baggage"), std::vector<std::string>{text});
  }
  const reading got = read_fields({" k = zo%c3%AB ; P = %2f , bad , x=+ "});
  EXPECT_EQ(written(got.context, "baggage"), std::vector<std::string>{"k=zo%c3%AB;P=%2f,x=+"});
}

TEST(Baggage, BG16_repeated_names_are_passed_on_and_listed_once) {
  const reading got = read_fields({"a=1;p,b=2", "a=3;q=4,c=5", "b=6,a=7;r;s"});
  EXPECT_EQ(written(got.context, "baggage"),
            std::vector<std::string>{"a=1;p,b=2,a=3;q=4,c=5,b=6,a=7;r;s"});
  EXPECT_EQ(got.context.baggage_members(), 6U);
  EXPECT_EQ(
      entries_of(got.context),
      (std::vector<entry>{
          {"a", "7", {{"r", std::nullopt}, {"s", std::nullopt}}}, {"b", "6", {}}, {"c", "5", {}}}));
  const auto member = baggage_view(got.context).find("a");
  ASSERT_TRUE(member.has_value());
  EXPECT_EQ(member->raw_value, "7");
  EXPECT_EQ(member->raw_properties, "r;s");
  EXPECT_EQ(baggage_view(got.context).get("a"), "7");
}

TEST(Baggage, BG16_a_last_one_without_properties_has_none) {
  EXPECT_EQ(entries("a=1;p,a=2"), (std::vector<entry>{{"a", "2", {}}}));
  EXPECT_EQ(
      entries("a=1,ab=2,a=3;p,b=a"),
      (std::vector<entry>{{"a", "3", {{"p", std::nullopt}}}, {"ab", "2", {}}, {"b", "a", {}}}));
}

TEST(Baggage, BG16_a_bad_one_does_not_replace_a_good_one) {
  const reading got = read_fields({"a=1,a=\"2\""});
  EXPECT_EQ(baggage_view(got.context).get("a"), "1");
}

TEST(Baggage, BG27_is_read_kept_and_sent_without_a_trace) {
  const reading alone = read_fields({"a=1"});
  EXPECT_FALSE(alone.context.has_trace());
  EXPECT_FALSE(alone.context.is_empty());
  EXPECT_EQ(written(alone.context, "baggage"), std::vector<std::string>{"a=1"});
  EXPECT_TRUE(written(alone.context, "traceparent").empty());
  for (const char* traceparent : {"bad", "",
                                  "00-00000000000000000000000000000000-"
                                  "b7ad6b7169203331-01"}) {
    const reading got = read(http_headers({{"traceparent", traceparent}, {"baggage", "a=1"}}));
    EXPECT_EQ(got.baggage(), "a=1");
    EXPECT_EQ(written(got.context.new_child(), "baggage"), std::vector<std::string>{"a=1"});
  }
}

TEST(Baggage, BG28_is_written_as_one_field_and_never_empty) {
  EXPECT_EQ(written(read_fields({"a=1", "b=2"}).context, "baggage"),
            std::vector<std::string>{"a=1,b=2"});
  const reading empty =
      read(http_headers({{"traceparent", sample_traceparent}, {"baggage", " , bad"}}));
  EXPECT_TRUE(written(empty.context, "baggage").empty());
  EXPECT_EQ(written(empty.context, "traceparent").size(), 1U);
}

}  // namespace
}  // namespace waybill_test

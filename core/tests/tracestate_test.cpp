// The rules TS of docs/formats.md for reading and writing; tracestate_limits_test.cpp has
// those about sizes, tracestate_builder_test.cpp those for changing.
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <waybill/tracestate.hpp>

#include "support/reading.hpp"
#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::errc;
using waybill::limits;
using waybill::tracestate;
using waybill::tracestate_view;

reading read_fields(const std::vector<std::string>& values, const limits& limits = {}) {
  waybill::header_list list;
  list.add("traceparent", sample_traceparent);
  for (const std::string& value : values) list.add("tracestate", value);
  return read(list, limits);
}

/// The canonical text that one field gives; both ways to read it must agree.
std::string cleaned(const std::string& value) {
  const reading got = read_fields({value});
  const auto parsed = tracestate::parse(value);
  EXPECT_EQ(got.of("tracestate"), errc::ok) << value;
  EXPECT_TRUE(parsed.has_value()) << value;
  EXPECT_EQ(parsed->text(), got.context.tracestate_text()) << value;
  return got.tracestate();
}

/// Why a field is refused; both ways to read it must agree, and the trace must stay.
errc refused(const std::string& value) {
  const reading got = read_fields({value});
  EXPECT_EQ(tracestate::parse(value).error(), got.of("tracestate")) << value;
  EXPECT_EQ(got.of("traceparent"), errc::ok);
  EXPECT_EQ(traceparent_of(got.context.span_context()), sample_traceparent);
  EXPECT_EQ(got.tracestate(), "") << value;
  return got.of("tracestate");
}

std::vector<std::pair<std::string, std::string>> members_of(const waybill::context& context) {
  std::vector<std::pair<std::string, std::string>> members;
  for (const auto& member : tracestate_view(context)) {
    members.emplace_back(member.key, member.value);
  }
  return members;
}

bool is_key_byte(int byte, bool first) {
  if ((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9')) return true;
  return !first && byte != 0 &&
         std::string_view("_-*/@").find(static_cast<char>(byte)) != std::string_view::npos;
}

TEST(Tracestate, TS01_members_are_kept_in_their_order) {
  EXPECT_EQ(cleaned("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
            "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
  const reading got = read_fields({"b=2,a=1,c=3"});
  const std::vector<std::pair<std::string, std::string>> expected{
      {"b", "2"}, {"a", "1"}, {"c", "3"}};
  EXPECT_EQ(members_of(got.context), expected);
}

TEST(Tracestate, TS01_several_fields_are_joined_in_their_order) {
  const reading got = read_fields({"foo=1,bar=2", "rojo=1,congo=2", "baz=3"});
  EXPECT_EQ(got.of("tracestate"), errc::ok);
  EXPECT_EQ(got.tracestate(), "foo=1,bar=2,rojo=1,congo=2,baz=3");
}

TEST(Tracestate, TS01_spellings_of_the_name_are_joined_in_the_order_of_the_carrier) {
  const reading got = read(http_headers({{"TraceState", "c=3"},
                                         {"traceparent", sample_traceparent},
                                         {"tracestate", "a=1"},
                                         {"TRACESTATE", "b=2"}}));
  EXPECT_EQ(got.tracestate(), "c=3,a=1,b=2");
}

TEST(Tracestate, TS01_a_member_does_not_go_on_in_the_next_field) {
  EXPECT_EQ(read_fields({"a=", "1"}).of("tracestate"), errc::malformed);
  EXPECT_EQ(read_fields({"a", "=1"}).of("tracestate"), errc::malformed);
  EXPECT_EQ(read_fields({"a=1,", ",b=2"}).tracestate(), "a=1,b=2");
}

TEST(Tracestate, TS02_white_space_around_commas_and_at_the_ends_is_removed) {
  EXPECT_EQ(cleaned("foo=1 \t , \t bar=2, \t baz=3"), "foo=1,bar=2,baz=3");
  EXPECT_EQ(cleaned("foo=1\t \t,\t \tbar=2,\t \tbaz=3"), "foo=1,bar=2,baz=3");
  for (const char* value : {" foo=1", "\tfoo=1", "foo=1 ", "foo=1\t", "\t foo=1 \t"}) {
    EXPECT_EQ(cleaned(value), "foo=1");
  }
  const reading got = read_fields({"\t a=1 ", " b=2\t", "\tc=3 , d=4 "});
  EXPECT_EQ(got.tracestate(), "a=1,b=2,c=3,d=4");
}

TEST(Tracestate, TS02_no_other_byte_is_white_space) {
  for (const char* space : {"\r", "\n", "\v", "\f", "\r\n", "\xc2\xa0"}) {
    EXPECT_EQ(refused(std::string("a=1,") + space + "b=2"), errc::malformed);
    EXPECT_EQ(refused(std::string("a=1") + space + ",b=2"), errc::malformed);
    EXPECT_EQ(refused(std::string("a=1") + space), errc::malformed);
    EXPECT_EQ(refused(space + std::string("a=1")), errc::malformed);
  }
}

TEST(Tracestate, TS03_empty_members_are_not_counted_and_not_written) {
  for (const char* value : {",a=1", "a=1,", ",,a=1,,", " , a=1 ,\t, ", "\t,\t,a=1"}) {
    EXPECT_EQ(cleaned(value), "a=1");
  }
  std::string text;
  for (int i = 0; i < 32; ++i) text += ", ,\t,k" + std::to_string(i) + "=v,,";
  EXPECT_EQ(cleaned(text), list_of_members(32));
  EXPECT_EQ(cleaned(std::string(1'000, ',') + "a=1" + std::string(1'000, ',')), "a=1");
}

TEST(Tracestate, TS03_a_tracestate_without_members_is_no_error_and_none) {
  for (const char* value : {"", " ", "\t", ",", " , ,\t, "}) {
    const reading got = read_fields({value});
    EXPECT_EQ(got.of("tracestate"), errc::ok) << value;
    EXPECT_EQ(got.tracestate(), "");
    EXPECT_EQ(got.report.members_dropped, 0U);
    EXPECT_TRUE(written(got.context, "tracestate").empty());
    ASSERT_TRUE(tracestate::parse(value).has_value());
    EXPECT_TRUE(tracestate::parse(value)->is_empty());
  }
  EXPECT_EQ(read_fields({"", "foo=1"}).tracestate(), "foo=1");
  EXPECT_EQ(read_fields({"foo=1", ""}).tracestate(), "foo=1");
  EXPECT_EQ(read_fields({"", ""}).tracestate(), "");
}

TEST(Tracestate, TS04_every_byte_as_the_first_one_of_a_key) {
  for (int byte = 0; byte < 256; ++byte) {
    if (byte == ',' || byte == ' ' || byte == '\t') continue;  // not of the key: TS-02, TS-03
    const std::string key(1, static_cast<char>(byte));
    for (const std::string& text : {key + "=v", key + "x=v", "a=1," + key + "x=v"}) {
      if (is_key_byte(byte, true)) {
        EXPECT_EQ(cleaned(text), text);
      } else {
        EXPECT_EQ(refused(text), errc::malformed) << byte;
      }
    }
  }
}

TEST(Tracestate, TS04_every_byte_within_and_at_the_end_of_a_key) {
  for (int byte = 0; byte < 256; ++byte) {
    if (byte == ',' || byte == '=') continue;  // another member, a value with "="
    for (const std::string& key : {std::string("a") + static_cast<char>(byte) + "b",
                                   std::string("a") + static_cast<char>(byte)}) {
      if (is_key_byte(byte, false)) {
        EXPECT_EQ(cleaned(key + "=v"), key + "=v");
      } else {
        EXPECT_EQ(refused(key + "=v"), errc::malformed) << byte;
      }
    }
  }
}

TEST(Tracestate, TS04_an_at_sign_has_no_meaning) {
  for (const char* text : {"foo@=1,bar=2", "foo@@bar=1,bar=2", "foo@bar@baz=1,bar=2", "1@2=3",
                           "a@1b=2", "0=1", "fw529a3039@dt=FfffwBAAAAA"}) {
    EXPECT_EQ(cleaned(text), text);
  }
  EXPECT_EQ(cleaned(std::string(242, 't') + "@v=1"), std::string(242, 't') + "@v=1");
  EXPECT_EQ(cleaned("t@" + std::string(15, 'v') + "=1"), "t@" + std::string(15, 'v') + "=1");
  EXPECT_EQ(refused("@foo=1,bar=2"), errc::malformed);
}

TEST(Tracestate, TS04_a_key_has_1_to_256_bytes) {
  EXPECT_EQ(cleaned("z=1"), "z=1");
  for (const std::size_t bytes : {std::size_t{255}, std::size_t{256}}) {
    const std::string text = std::string(bytes, 'z') + "=1";
    EXPECT_EQ(cleaned("a=1," + text), "a=1," + text);
  }
  EXPECT_EQ(refused("a=1," + std::string(257, 'z') + "=1"), errc::malformed);
  EXPECT_EQ(refused(std::string(60'000, 'z') + "=1"), errc::malformed);
  EXPECT_EQ(cleaned(std::string(241, 't') + "@" + std::string(14, 'v') + "=1").size(), 258U);
  EXPECT_EQ(refused(std::string(242, 't') + "@" + std::string(14, 'v') + "=1"), errc::malformed);
}

TEST(Tracestate, TS05_every_byte_in_a_value) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string one(1, static_cast<char>(byte));
    const bool is_good = byte >= 0x20 && byte <= 0x7e && byte != ',' && byte != '=';
    if (byte != ',') {
      const std::string within = "a=1" + one + "2";
      if (is_good) {
        EXPECT_EQ(cleaned(within), within);
      } else {
        EXPECT_EQ(refused(within), errc::malformed) << byte;
      }
    }
    if (byte != ',' && byte != ' ' && byte != '\t') {
      for (const std::string& text : {"a=" + one, "a=1" + one, "a=" + one + "1"}) {
        if (is_good) {
          EXPECT_EQ(cleaned(text), text);
        } else {
          EXPECT_EQ(refused(text), errc::malformed) << byte;
        }
      }
    }
  }
}

TEST(Tracestate, TS05_a_value_has_1_to_256_bytes) {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{255}, std::size_t{256}}) {
    const std::string text = "a=" + std::string(bytes, 'v');
    EXPECT_EQ(cleaned(text), text);
  }
  EXPECT_EQ(refused("a=" + std::string(257, 'v')), errc::malformed);
  EXPECT_EQ(refused("a=" + std::string(257, 'v') + ",b=2"), errc::malformed);
  EXPECT_EQ(refused("a=" + std::string(60'000, 'v')), errc::malformed);
}

TEST(Tracestate, TS05_an_equals_sign_in_a_value_refuses_it) {
  for (const char* text : {"foo=bar=baz", "foo==", "foo==1", "foo=1=", "a=1,foo=b=c"}) {
    EXPECT_EQ(refused(text), errc::malformed);
  }
}

TEST(Tracestate, TS06_leading_spaces_of_a_value_are_kept_and_trailing_ones_are_not) {
  EXPECT_EQ(cleaned("a=  1"), "a=  1");
  EXPECT_EQ(cleaned("a=  1  "), "a=  1");
  EXPECT_EQ(cleaned("a=  1  ,b= 2 "), "a=  1,b= 2");
  EXPECT_EQ(cleaned("a=1 2  3 ,b=x"), "a=1 2  3,b=x");
  const reading got = read_fields({"a=  1  ,b= 2 "});
  EXPECT_EQ(tracestate_view(got.context).get("a"), "  1");
  EXPECT_EQ(tracestate_view(got.context).get("b"), " 2");
  EXPECT_EQ(written(got.context, "tracestate"), std::vector<std::string>{"a=  1,b= 2"});
}

TEST(Tracestate, TS06_spaces_at_the_end_of_a_value_are_not_counted) {
  const std::string value(256, 'v');
  EXPECT_EQ(cleaned("a=" + value + std::string(300, ' ')), "a=" + value);
  const std::string spaced = std::string(255, ' ') + "v";
  EXPECT_EQ(cleaned("a=" + spaced), "a=" + spaced);
  EXPECT_EQ(refused("a= " + spaced), errc::malformed);
}

TEST(Tracestate, TS07_members_without_key_equals_sign_or_value_are_bad) {
  for (const char* text : {"a", "a,b=1", "b=1,a", "=1", "=", "a=", "a=,b=1",
                           "b=1,a=", "b=1,=", "foo=,bar=3", "a=1,=2"}) {
    EXPECT_EQ(refused(text), errc::malformed);
  }
}

TEST(Tracestate, TS07_a_value_of_spaces_alone_is_empty) {
  for (const char* text : {"a= ", "a=   ", "a= ,b=1", "b=1,a=  ", "a= \t", "a=\t", "a=\t ,b=1"}) {
    EXPECT_EQ(refused(text), errc::malformed);
  }
}

TEST(Tracestate, TS08_a_space_before_the_equals_sign_refuses) {
  for (const char* text :
       {"foo =1", "a=1,foo =1", "foo  =1", "foo\t=1", "f oo=1", " =1", "a=1, =2"}) {
    EXPECT_EQ(refused(text), errc::malformed);
  }
}

TEST(Tracestate, TS08_a_tab_refuses_anywhere_but_around_commas_and_at_the_ends) {
  for (const char* text : {"a=\t1", "a=1\t2", "a=1 \t2", "a= \t1", "a\tb=1", "b=1,a=\t1"}) {
    EXPECT_EQ(refused(text), errc::malformed);
  }
  EXPECT_EQ(cleaned("\ta=1\t,\tb=2\t"), "a=1,b=2");
}

TEST(Tracestate, TS09_one_bad_member_refuses_the_whole_wherever_it_stands) {
  for (const char* bad : {"A=1", "b", "b=", "b=1=2", "b=\x7f", "b=\xc3\xab", "=1"}) {
    const std::string member = bad;
    EXPECT_EQ(refused(member + ",x=1,y=2"), errc::malformed);
    EXPECT_EQ(refused("x=1," + member + ",y=2"), errc::malformed);
    EXPECT_EQ(refused("x=1,y=2," + member), errc::malformed);
    EXPECT_EQ(read_fields({"x=1", member}).of("tracestate"), errc::malformed);
    EXPECT_EQ(read_fields({"x=1", member}).tracestate(), "");
    EXPECT_EQ(read_fields({member, "x=1"}).tracestate(), "");
  }
}

TEST(Tracestate, TS09_a_bad_one_costs_neither_trace_nor_baggage) {
  const reading got = read(http_headers(
      {{"baggage", "k=v"}, {"traceparent", sample_traceparent}, {"tracestate", "A=1"}}));
  EXPECT_EQ(got.of("traceparent"), errc::ok);
  EXPECT_EQ(got.of("tracestate"), errc::malformed);
  EXPECT_EQ(got.of("baggage"), errc::ok);
  EXPECT_EQ(got.context,
            waybill::context(sample_trace).with_baggage(waybill::baggage::parse("k=v").items));
}

TEST(Tracestate, TS10_32_members_are_read_and_33_refuse_the_whole) {
  EXPECT_EQ(cleaned(list_of_members(31)), list_of_members(31));
  EXPECT_EQ(cleaned(list_of_members(32)), list_of_members(32));
  EXPECT_EQ(refused(list_of_members(33)), errc::too_many_members);
  EXPECT_EQ(refused(list_of_members(1'000)), errc::too_many_members);
}

TEST(Tracestate, TS01_TS03_TS10_members_are_counted_over_all_fields) {
  const reading full =
      read_fields({list_of_members(10), list_of_members(10), "", list_of_members(10), "y=1,,z=1,"});
  EXPECT_EQ(full.of("tracestate"), errc::ok);
  const reading over = read_fields(
      {list_of_members(10), list_of_members(10), "", list_of_members(10), "x=1,,y=1,z=1"});
  EXPECT_EQ(over.of("tracestate"), errc::too_many_members);
  EXPECT_EQ(over.tracestate(), "");
  EXPECT_TRUE(over.context.has_trace());
}

TEST(Tracestate, TS10_TS11_repeated_keys_count_each) {
  std::string text = "a=0";
  for (int i = 1; i < 32; ++i) text += ",a=" + std::to_string(i);
  EXPECT_EQ(cleaned(text), text);
  EXPECT_EQ(refused(text + ",a=32"), errc::too_many_members);
}

TEST(Tracestate, TS11_repeated_keys_are_sent_on_as_they_came_and_listed_once) {
  EXPECT_EQ(cleaned("foo=1,foo=1"), "foo=1,foo=1");
  const reading got = read_fields({"foo=1,bar=2", "foo=3,baz=4", "bar=5"});
  EXPECT_EQ(got.of("tracestate"), errc::ok);
  EXPECT_EQ(written(got.context, "tracestate"),
            std::vector<std::string>{"foo=1,bar=2,foo=3,baz=4,bar=5"});
  const std::vector<std::pair<std::string, std::string>> expected{
      {"foo", "3"}, {"bar", "5"}, {"baz", "4"}};
  EXPECT_EQ(members_of(got.context), expected);
  EXPECT_EQ(tracestate_view(got.context).get("foo"), "3");
  EXPECT_EQ(tracestate_view(got.context).get("fo"), std::nullopt);
  EXPECT_EQ(tracestate_view(got.context).get("baz4"), std::nullopt);
}

TEST(Tracestate, TS12_without_a_traceparent_it_is_not_looked_at) {
  for (const char* text : {"foo=1", "foo=1,bar=2", "BAD", ","}) {
    const reading got = read(http_headers({{"tracestate", text}}));
    EXPECT_EQ(got.of("traceparent"), errc::absent);
    EXPECT_EQ(got.of("tracestate"), errc::no_traceparent) << text;
    EXPECT_TRUE(got.context.is_empty());
  }
  const reading bad = read(http_headers({{"traceparent", "00-bad"}, {"tracestate", "foo=1"}}));
  EXPECT_EQ(bad.of("traceparent"), errc::malformed);
  EXPECT_EQ(bad.of("tracestate"), errc::no_traceparent);
  EXPECT_EQ(read(http_headers({{"tracestate", ""}})).of("tracestate"), errc::ok);
  const reading none = read(http_headers({{"traceparent", sample_traceparent}}));
  EXPECT_EQ(none.of("tracestate"), errc::absent);
}

TEST(Tracestate, TS20_is_written_as_one_field_beside_a_traceparent_and_never_empty) {
  const reading got = read_fields({"a=1", "b=2"});
  EXPECT_EQ(written(got.context, "tracestate"), std::vector<std::string>{"a=1,b=2"});
  EXPECT_TRUE(written(waybill::context(sample_trace), "tracestate").empty());
  const waybill::context without_trace = context_of({}, "a=1", "k=v");
  EXPECT_TRUE(written(without_trace, "tracestate").empty());
  EXPECT_EQ(written(without_trace, "baggage"), std::vector<std::string>{"k=v"});
}

TEST(Tracestate, TS21_beside_a_higher_version_it_is_read_like_any_other) {
  const std::string higher = "cc" + std::string(sample_traceparent.substr(2)) + "-future";
  const reading good = read(http_headers({{"traceparent", higher}, {"tracestate", " a=1 , b=2"}}));
  EXPECT_EQ(good.tracestate(), "a=1,b=2");
  const reading bad = read(http_headers({{"traceparent", higher}, {"tracestate", "A=1,b=2"}}));
  EXPECT_EQ(bad.of("tracestate"), errc::malformed);
  EXPECT_TRUE(bad.context.has_trace());
}

}  // namespace
}  // namespace waybill_test

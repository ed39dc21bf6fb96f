// The W3C working group's tests for services, Level 2, strict, played in one process: an HTTP
// service on header_list that is called with headers and calls on with what it makes of them.

#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <waybill/header_list.hpp>
#include <waybill/propagation.hpp>
#include <waybill/tracestate.hpp>

namespace {

using headers = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view sent_trace_id = "12345678901234567890123456789012";
const std::string sent_traceparent = "00-12345678901234567890123456789012-1234567890123456-01";

/// What a service does: continue the trace that came, or begin one, and call on as its child.
waybill::header_list call_through(const headers& incoming) {
  static const waybill::propagation settings;
  waybill::header_list received;
  for (const auto& [name, value] : incoming) received.add(name, value);
  const waybill::context next =
      waybill::extract(received, settings, waybill::any_destination).new_child_or_root(true);
  waybill::header_list sent;
  waybill::inject(next, sent, settings, waybill::any_destination);
  return sent;
}

/// What the harness reads of a call: it wants one valid traceparent.
struct call {
  waybill::span_context position;
  std::string trace_id;
  std::string span_id;
  std::string tracestate;

  explicit call(const headers& incoming) {
    std::size_t traceparents = 0;
    for (const auto& [name, value] : call_through(incoming)) {
      if (name == "traceparent") {
        ++traceparents;
        const auto parsed = waybill::parse_traceparent(value);
        EXPECT_TRUE(parsed.has_value()) << value;
        position = *parsed;
      }
      if (name == "tracestate") tracestate = value;
    }
    EXPECT_EQ(traceparents, 1U);
    const auto trace_hex = position.trace_id().hex();
    const auto span_hex = position.span_id().hex();
    trace_id = trace_hex;
    span_id = span_hex;
  }

  [[nodiscard]] std::optional<std::string> member(std::string_view key) const {
    const auto parsed = waybill::tracestate::parse(tracestate);
    EXPECT_TRUE(parsed.has_value()) << tracestate;
    const auto value = parsed->get(key);
    if (!value.has_value()) return std::nullopt;
    return std::string(*value);
  }
};

call call_with_traceparent(std::string value) {
  return call(headers{{"traceparent", std::move(value)}});
}

call call_with_tracestate(const std::vector<std::string>& values) {
  headers incoming{{"traceparent", sent_traceparent}};
  for (const std::string& value : values) incoming.emplace_back("tracestate", value);
  return call(incoming);
}

void expect_continued(const call& made) {
  EXPECT_EQ(made.trace_id, sent_trace_id);
  EXPECT_NE(made.span_id, "1234567890123456");
}

void expect_restarted(const std::string& traceparent) {
  const call made = call_with_traceparent(traceparent);
  EXPECT_NE(made.trace_id, sent_trace_id) << traceparent;
  EXPECT_EQ(made.tracestate, "") << traceparent;
}

TEST(W3cTraceContext, TP01_a_request_without_both_headers_begins_a_trace) {
  EXPECT_TRUE(call(headers{}).position.is_valid());
}

TEST(W3cTraceContext, TP01_a_traceparent_alone_is_continued) {
  expect_continued(call_with_traceparent(sent_traceparent));
}

TEST(W3cTraceContext, TP12_two_traceparents_begin_a_trace) {
  const call made(
      headers{{"traceparent", "00-12345678901234567890123456789011-1234567890123456-01"},
              {"traceparent", sent_traceparent}});
  EXPECT_NE(made.trace_id, "12345678901234567890123456789011");
  EXPECT_NE(made.trace_id, sent_trace_id);
}

TEST(W3cTraceContext, FL01_other_names_are_not_traceparent) {
  for (const char* name : {"trace-parent", "trace.parent"}) {
    EXPECT_NE(call(headers{{name, sent_traceparent}}).trace_id, sent_trace_id) << name;
  }
}

TEST(W3cTraceContext, FL01_traceparent_in_any_case_is_continued) {
  for (const char* name : {"TraceParent", "TrAcEpArEnT", "TRACEPARENT"}) {
    expect_continued(call(headers{{name, sent_traceparent}}));
  }
}

TEST(W3cTraceContext, TP04_version_00_with_a_tail_begins_a_trace) {
  expect_restarted(sent_traceparent + ".");
  expect_restarted(sent_traceparent + "-what-the-future-will-be-like");
}

TEST(W3cTraceContext, TP06_version_cc_is_continued_unless_its_tail_has_no_dash) {
  const std::string future = "cc" + sent_traceparent.substr(2);
  expect_continued(call_with_traceparent(future));
  expect_continued(call_with_traceparent(future + "-what-the-future-will-be-like"));
  expect_restarted(future + ".what-the-future-will-be-like");
}

TEST(W3cTraceContext, TP03_version_ff_begins_a_trace) {
  expect_restarted("ff" + sent_traceparent.substr(2));
}

TEST(W3cTraceContext, TP01_a_bad_version_begins_a_trace) {
  for (const char* version : {".0", "0.", "000", "0000", "0"}) {
    expect_restarted(version + sent_traceparent.substr(2));
  }
}

TEST(W3cTraceContext, TP05_an_id_of_zeros_begins_a_trace) {
  const call zero_trace =
      call_with_traceparent("00-00000000000000000000000000000000-1234567890123456-01");
  EXPECT_NE(zero_trace.trace_id, "00000000000000000000000000000000");
  expect_restarted("00-12345678901234567890123456789012-0000000000000000-01");
}

TEST(W3cTraceContext, TP01_a_bad_trace_id_begins_a_trace) {
  for (const char* id : {".2345678901234567890123456789012", "1234567890123456789012345678901.",
                         "123456789012345678901234567890123", "1234567890123456789012345678901"}) {
    expect_restarted(std::string("00-") + id + "-1234567890123456-01");
  }
}

TEST(W3cTraceContext, TP01_a_bad_parent_id_begins_a_trace) {
  for (const char* id :
       {".234567890123456", "123456789012345.", "12345678901234567", "123456789012345"}) {
    expect_restarted("00-" + std::string(sent_trace_id) + "-" + id + "-01");
  }
}

TEST(W3cTraceContext, TP01_bad_flags_begin_a_trace) {
  for (const char* flags : {".0", "0.", "001", "1"}) {
    expect_restarted("00-" + std::string(sent_trace_id) + "-1234567890123456-" + flags);
  }
}

TEST(W3cTraceContext, TP10_white_space_around_traceparent_is_taken_off) {
  for (const auto& [before, after] : std::vector<std::pair<std::string, std::string>>{
           {" ", ""}, {"\t", ""}, {"", " "}, {"", "\t"}, {"\t ", " \t"}}) {
    expect_continued(call_with_traceparent(before + sent_traceparent + after));
  }
}

TEST(W3cTraceContext, TP08_unknown_flags_are_not_sent_on) {
  const call made =
      call_with_traceparent("00-" + std::string(sent_trace_id) + "-1234567890123456-ff");
  expect_continued(made);
  EXPECT_EQ(made.position.flags(), 0x03);
}

TEST(W3cTraceContext, ID04_the_random_flag_is_sent_on_as_it_came) {
  for (const int flags : {0, 1, 2, 3}) {
    const call made = call_with_traceparent("00-" + std::string(sent_trace_id) +
                                            "-1234567890123456-0" + std::to_string(flags));
    EXPECT_EQ(made.position.is_random(), (flags & 0x02) != 0);
  }
}

TEST(W3cTraceContext, TS12_a_tracestate_without_traceparent_is_discarded) {
  EXPECT_EQ(call(headers{{"tracestate", "foo=1"}}).tracestate, "");
  EXPECT_EQ(call(headers{{"tracestate", "foo=1,bar=2"}}).tracestate, "");
}

TEST(W3cTraceContext, TS01_a_tracestate_beside_a_traceparent_is_inherited) {
  const call made = call_with_tracestate({"foo=1,bar=2"});
  expect_continued(made);
  EXPECT_EQ(made.tracestate, "foo=1,bar=2");
}

TEST(W3cTraceContext, FL01_other_names_are_not_tracestate) {
  for (const char* name : {"trace-state", "trace.state"}) {
    EXPECT_EQ(call(headers{{"traceparent", sent_traceparent}, {name, "foo=1"}}).tracestate, "")
        << name;
  }
}

TEST(W3cTraceContext, FL01_tracestate_in_any_case_is_inherited) {
  for (const char* name : {"TraceState", "TrAcEsTaTe", "TRACESTATE"}) {
    EXPECT_EQ(call(headers{{"traceparent", sent_traceparent}, {name, "foo=1"}}).tracestate,
              "foo=1");
  }
}

TEST(W3cTraceContext, TS03_empty_tracestate_headers_are_discarded) {
  const call empty = call_with_tracestate({""});
  expect_continued(empty);
  EXPECT_EQ(empty.tracestate, "");
  EXPECT_EQ(call_with_tracestate({"foo=1", ""}).tracestate, "foo=1");
  EXPECT_EQ(call_with_tracestate({"", "foo=1"}).tracestate, "foo=1");
}

TEST(W3cTraceContext, TS01_several_tracestate_headers_are_joined_in_their_order) {
  const call made = call_with_tracestate({"foo=1,bar=2", "rojo=1,congo=2", "baz=3"});
  expect_continued(made);
  EXPECT_EQ(made.tracestate, "foo=1,bar=2,rojo=1,congo=2,baz=3");
}

TEST(W3cTraceContext, TS11_repeated_keys_do_not_discard_the_tracestate) {
  EXPECT_TRUE(call_with_tracestate({"foo=1,foo=1"}).member("foo").has_value());
  EXPECT_TRUE(call_with_tracestate({"foo=1,foo=2"}).member("foo").has_value());
  EXPECT_TRUE(call_with_tracestate({"foo=1", "foo=1"}).member("foo").has_value());
  EXPECT_TRUE(call_with_tracestate({"foo=1", "foo=2"}).member("foo").has_value());
}

TEST(W3cTraceContext, TS04_TS05_every_allowed_character_is_inherited) {
  std::string key;
  for (char c = 'a'; c <= 'z'; ++c) key += c;
  key += "0123456789_-*/";
  std::string value;
  for (char c = 0x20; c <= 0x7e; ++c) {
    if (c != ',' && c != '=') value += c;
  }
  EXPECT_EQ(call_with_tracestate({key + "=" + value}).member(key), value);
  const std::string with_at = key + "@a-z0-9_-*/";
  EXPECT_EQ(call_with_tracestate({with_at + "=" + value}).member(with_at), value);
}

TEST(W3cTraceContext, TS02_white_space_around_members_does_not_count) {
  EXPECT_EQ(call_with_tracestate({"foo=1 \t , \t bar=2, \t baz=3"}).tracestate,
            "foo=1,bar=2,baz=3");
  EXPECT_EQ(call_with_tracestate({"foo=1\t \t,\t \tbar=2,\t \tbaz=3"}).tracestate,
            "foo=1,bar=2,baz=3");
  for (const char* value : {" foo=1", "\tfoo=1", "foo=1 ", "foo=1\t", "\t foo=1 \t"}) {
    EXPECT_EQ(call_with_tracestate({value}).tracestate, "foo=1");
  }
}

TEST(W3cTraceContext, TS04_TS08_TS09_bad_keys_discard_the_tracestate) {
  for (const char* value : {"foo =1", "FOO=1", "foo.bar=1", "@foo=1,bar=2"}) {
    const call made = call_with_tracestate({value});
    expect_continued(made);
    EXPECT_EQ(made.tracestate, "") << value;
  }
}

TEST(W3cTraceContext, TS04_an_at_sign_has_no_meaning_in_level_2) {
  for (const char* value : {"foo@=1,bar=2", "foo@@bar=1,bar=2", "foo@bar@baz=1,bar=2"}) {
    EXPECT_EQ(call_with_tracestate({value}).tracestate, value);
  }
}

TEST(W3cTraceContext, TS10_32_members_are_inherited_and_33_are_discarded) {
  std::vector<std::string> values(4);
  for (int i = 1; i <= 32; ++i) {
    std::string& value = values[static_cast<std::size_t>((i - 1) / 10)];
    if (!value.empty()) value += ',';
    value += "bar" + std::to_string(i) + "=" + std::to_string(i);
  }
  const call made = call_with_tracestate(values);
  EXPECT_EQ(made.member("bar1"), "1");
  EXPECT_EQ(made.member("bar32"), "32");
  values.back() += ",bar33=33";
  EXPECT_EQ(call_with_tracestate(values).tracestate, "");
}

TEST(W3cTraceContext, TS04_keys_of_256_characters_are_inherited_and_of_257_discarded) {
  const auto inherits = [](const std::string& key) {
    return call_with_tracestate({"foo=1", key + "=1"}).member("foo").has_value();
  };
  EXPECT_TRUE(inherits(std::string(256, 'z')));
  EXPECT_FALSE(inherits(std::string(257, 'z')));
  EXPECT_TRUE(inherits(std::string(241, 't') + "@" + std::string(14, 'v')));
  EXPECT_TRUE(inherits(std::string(242, 't') + "@v"));
  EXPECT_TRUE(inherits("t@" + std::string(15, 'v')));
}

TEST(W3cTraceContext, TS05_TS07_TS09_bad_values_discard_the_tracestate) {
  EXPECT_EQ(call_with_tracestate({"foo=bar=baz"}).tracestate, "");
  EXPECT_EQ(call_with_tracestate({"foo=,bar=3"}).tracestate, "");
}

TEST(W3cTraceContext, ID03_several_calls_are_different_children_of_one_trace) {
  std::set<std::string> spans;
  for (int i = 0; i < 3; ++i) {
    const call made = call_with_traceparent(sent_traceparent);
    expect_continued(made);
    spans.insert(made.span_id);
  }
  EXPECT_EQ(spans.size(), 3U);
}

TEST(W3cTraceContext, ID01_several_calls_without_or_with_a_bad_traceparent_differ) {
  for (const headers& incoming :
       {headers{},
        headers{{"traceparent", "00-00000000000000000000000000000000-1234567890123456-01"}}}) {
    std::set<std::string> spans;
    for (int i = 0; i < 3; ++i) {
      const call made(incoming);
      EXPECT_NE(made.trace_id, "00000000000000000000000000000000");
      spans.insert(made.span_id);
    }
    EXPECT_EQ(spans.size(), 3U);
  }
}

}  // namespace

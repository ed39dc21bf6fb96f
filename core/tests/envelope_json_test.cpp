#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <waybill/envelope.hpp>

#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::any_destination;
using waybill::direction;
using waybill::envelope_form;
using waybill::errc;
using waybill::propagation;
using waybill::propagation_options;

constexpr envelope_form members = envelope_form::json_members;
constexpr envelope_form event = envelope_form::cloudevents_json;

const std::string traceparent_member = "\"traceparent\":\"" + std::string(sample_traceparent) + '"';
const std::string both_members = traceparent_member + ",\"tracestate\":\"rojo=00f067aa0ba902b7\"";
const std::string all_members = both_members + ",\"baggage\":\"tenant=acme\"";

waybill::context sample_context() {
  return context_of(sample_trace, "rojo=00f067aa0ba902b7", "tenant=acme");
}

std::string sent(envelope_form form, std::string_view payload,
                 const waybill::context& context = sample_context(),
                 const propagation& settings = {}) {
  std::string text;
  waybill::wrap(form, payload, context, settings, waybill::any_destination).append_to(text);
  return text;
}

std::string received(envelope_form form, std::string_view payload,
                     const propagation& settings = {}) {
  const auto came = waybill::unwrap(form, payload, settings, any_destination);
  return std::string(came.payload());
}

waybill::context read(envelope_form form, std::string_view payload,
                      const propagation& settings = {}) {
  return waybill::unwrap(form, payload, settings, waybill::any_destination).extraction().context();
}

std::string nested(std::string_view open, std::string_view close, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += open;
  text += "0";
  for (std::size_t i = 0; i < times; ++i) text += close;
  return text;
}

/// Sent and received as it is; `counted` of each direction.
void expect_untouched(std::string_view payload, errc outbound, errc inbound) {
  SCOPED_TRACE(std::string(payload.substr(0, 60)));
  const propagation settings(propagation_options{});
  const auto out =
      waybill::wrap(members, payload, sample_context(), settings, waybill::any_destination);
  EXPECT_FALSE(out.is_changed());
  EXPECT_EQ(out.body().data(), payload.data());
  EXPECT_EQ(out.body().size(), payload.size());
  EXPECT_EQ(out.code(), outbound);
  EXPECT_EQ(out.report().code, outbound);
  EXPECT_FALSE(out.report().trace || out.report().tracestate || out.report().baggage);
  EXPECT_EQ(settings.diagnostics()->count(direction::outbound, outbound), 1U);
  const auto came = waybill::unwrap(members, payload, settings, waybill::any_destination);
  EXPECT_EQ(came.code(), inbound);
  EXPECT_EQ(came.payload().data(), payload.data());
  EXPECT_EQ(came.payload().size(), payload.size());
  EXPECT_TRUE(came.extraction().context().is_empty());
  EXPECT_EQ(settings.diagnostics()->total(), inbound == errc::absent ? 1U : 2U);
}

TEST(JsonMembers, EJ01_what_is_no_object_passes_as_it_is) {
  for (const std::string_view text :
       {"", " ", "x", "[]", "[{\"a\":1}]", "\"{}\"", "1", "null", "\xef\xbb\xbf{}", "\xfe{}"}) {
    expect_untouched(text, errc::no_envelope, errc::absent);
  }
}

TEST(JsonMembers, EJ01_an_object_that_breaks_the_grammar_passes_as_it_is) {
  for (const std::string_view text : {"{",
                                      "{\"",
                                      "{\"a",
                                      "{\"a\"",
                                      "{\"a\":",
                                      "{\"a\":1",
                                      "{\"a\":1,",
                                      "{\"a\":1,}",
                                      "{,}",
                                      "{a:1}",
                                      "{'a':1}",
                                      "{\"a\" 1}",
                                      "{\"a\":1 \"b\":2}",
                                      "{\"a\":1}x",
                                      "{\"a\":1}{}",
                                      "{}}",
                                      "{\"a\":[}",
                                      "{\"a\":[1,]}",
                                      "{\"a\":[,1]}",
                                      "{\"a\":[1}}",
                                      "{\"a\":{]}",
                                      "{\"a\":{\"b\"}}",
                                      "{\"a\":01}",
                                      "{\"a\":+1}",
                                      "{\"a\":.5}",
                                      "{\"a\":1.}",
                                      "{\"a\":1e}",
                                      "{\"a\":-}",
                                      "{\"a\":1e+}",
                                      "{\"a\":0x1}",
                                      "{\"a\":NaN}",
                                      "{\"a\":True}",
                                      "{\"a\":tru}",
                                      "{\"a\":\"\\x\"}",
                                      "{\"a\":\"\\u12g4\"}",
                                      "{\"a\":\"\\u12\"}",
                                      "{\"a\":\"\t\"}",
                                      "{\"a\":\"\n\"}",
                                      "{\"a\":\"\\\"}",
                                      "{\"\\q\":1}",
                                      "{\"a\":1,\"b\":}",
                                      "{\"a\"::1}",
                                      "{\"a\":1//\n}",
                                      "{\v\"a\":1}",
                                      "{\"a\":\"012345\x1f\"}",
                                      "{\"a\":\"0123456789ab\x1f"
                                      "cdef\"}"}) {
    expect_untouched(text, errc::malformed, errc::malformed);
  }
  expect_untouched(std::string_view("{\"a\":\"\0\"}", 9), errc::malformed, errc::malformed);
  expect_untouched(std::string_view("{}\0", 3), errc::malformed, errc::malformed);
}

TEST(JsonMembers, EJ01_every_object_that_is_one_takes_members) {
  for (const std::string_view rest :
       {"\"a\":1}", "\"\":\"\"}", " \"a\" : [ ] }", "\"a\":[{},[[]],{\"b\":{}}]}\r\n\t ",
        "\"a\":-0.0e-10,\"b\":1E+5,\"c\":0}", "\"a\":true,\"b\":false,\"c\":null}",
        "\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\ude00\\ud800\"}",
        "\"\xff\xc3\":\"0123456789abcdef\x7f\x80\"}", "\"a\":1,\"a\":2}"}) {
    const std::string payload = "{" + std::string(rest);
    EXPECT_EQ(sent(members, payload), "{" + all_members + "," + std::string(rest));
    EXPECT_EQ(received(members, sent(members, payload)), payload);
  }
}

TEST(JsonMembers, EJ01_up_to_a_thousand_objects_and_arrays_may_lie_within_each_other) {
  const std::string head = "{\"a\":";
  for (const auto& [open, close] : std::vector<std::pair<std::string, std::string>>{
           {"[", "]"}, {"{\"b\":", "}"}, {" [ 1 , ", " , 2 ] "}}) {
    const std::string good = head + nested(open, close, 999) + "}";
    EXPECT_EQ(received(members, sent(members, good)), good);
    EXPECT_NE(sent(members, good), good);
    expect_untouched(head + nested(open, close, 1'000) + "}", errc::too_large, errc::too_large);
    expect_untouched(head + nested(open, "", 1'000'000), errc::too_large, errc::too_large);
  }
}

TEST(JsonMembers, EJ01_a_text_over_the_limit_passes_as_it_is) {
  const std::string payload = "{\"a\":1}";
  const propagation seven({.limits = {.envelope_json_bytes_max = 7}});
  EXPECT_NE(sent(members, payload, sample_context(), seven), payload);
  const propagation settings({.limits = {.envelope_json_bytes_max = 6}});
  EXPECT_EQ(sent(members, payload, sample_context(), settings), payload);
  EXPECT_EQ(settings.diagnostics()->count(direction::outbound, errc::too_large), 1U);
  // What does not begin like an object is none, and nothing is wrong with it.
  EXPECT_EQ(received(members, "\x01 any bytes", settings), "\x01 any bytes");
  EXPECT_EQ(settings.diagnostics()->count(direction::inbound, errc::too_large), 0U);
}

TEST(JsonMembers, EJ02_are_those_of_the_outermost_object_alone) {
  const std::string payload =
      "{\"a\":{" + traceparent_member + "},\"b\":[{" + all_members + "}],\"c\":\"traceparent\"}";
  EXPECT_TRUE(read(members, payload).is_empty());
  EXPECT_EQ(received(members, payload), payload);
  EXPECT_EQ(sent(members, payload), "{" + all_members + "," + payload.substr(1));
}

TEST(JsonMembers, EJ02_have_exact_names_once_escapes_are_decoded) {
  for (const char* name : {"Traceparent", "TRACEPARENT", "traceparent ", "traceparen", "",
                           "traceparent\\u0000", "\\u0054raceparent", "xtraceparent"}) {
    const std::string payload =
        "{\"" + std::string(name) + "\":\"" + std::string(sample_traceparent) + "\"}";
    EXPECT_TRUE(read(members, payload).is_empty()) << name;
    EXPECT_EQ(received(members, payload), payload);
  }
  for (const char* name :
       {"\\u0074raceparent", "trace\\u0070arent", "traceparen\\u0074",
        "\\u0074\\u0072\\u0061\\u0063\\u0065\\u0070\\u0061\\u0072\\u0065\\u006E\\u0074"}) {
    const std::string payload =
        "{\"" + std::string(name) + "\":\"" + std::string(sample_traceparent) + "\"}";
    EXPECT_EQ(read(members, payload).span_context(), sample_trace) << name;
    EXPECT_EQ(received(members, payload), "{}");
    EXPECT_EQ(sent(members, payload), "{" + all_members + "}");
  }
}

TEST(JsonMembers, EJ03_have_strings_whose_escapes_are_decoded) {
  std::string escaped;
  for (const char c : sample_traceparent) {
    escaped += c == '-' ? std::string("\\u002d") : std::string(1, c);
  }
  EXPECT_EQ(read(members, "{\"traceparent\":\"" + escaped + "\"}").span_context(), sample_trace);
  const auto state = read(members, "{" + traceparent_member + R"(,"tracestate":"a=\"\\\/"})");
  EXPECT_EQ(state.tracestate_text(), R"(a="\/)");
  for (const char* bad : {R"(\u0000)", R"(\n)", R"(\u00e9)", R"(\ud83d\ude00)", R"(\ud83d)",
                          R"(\ud83d\u0041)", R"(\udc00)"}) {
    const std::string payload =
        "{\"traceparent\":\"" + std::string(sample_traceparent) + bad + "\"}";
    EXPECT_TRUE(read(members, payload).is_empty()) << bad;
    EXPECT_EQ(received(members, payload), "{}");
  }
}

TEST(JsonMembers, EJ03_escapes_stand_for_the_bytes_of_UTF_8) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"(\"\\\/\b\f\n\r\t)", "\"\\/\b\f\n\r\t"},
      {R"(\u0000x)", std::string("\0x", 2)},
      {R"(\u007F\u0080\u07ff\u0800\uFFFF)", "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf"},
      {R"(\ud800\udc00\ud83D\uDe00\udbff\udfff)",
       "\xf0\x90\x80\x80\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf"},
      {R"(\ud800a\udc00\ud800\ud800\udc00\ud83d\u0041)",
       "\xef\xbf\xbd"
       "a\xef\xbf\xbd\xef\xbf\xbd\xf0\x90\x80\x80\xef\xbf\xbd"
       "A"},
  };
  for (const auto& [text, bytes] : cases) {
    const std::string payload = "{\"baggage\":\"" + text + "\"}";
    const propagation settings(propagation_options{});
    const waybill::envelope_reader in(members, std::string_view(payload), settings,
                                      waybill::any_destination);
    std::string value;
    in.for_each([&](std::string_view, const waybill::field_value& each) { value = each.text; });
    EXPECT_EQ(value, bytes) << text;
  }
}

TEST(JsonMembers, EJ03_a_null_value_is_as_good_as_none) {
  const propagation settings(propagation_options{});
  EXPECT_EQ(received(members, "{\"traceparent\":null}", settings), "{}");
  EXPECT_EQ(settings.diagnostics()->total(), 0U);
  EXPECT_EQ(sent(members, "{\"a\":1,\"baggage\":null}"), "{" + all_members + ",\"a\":1}");
}

TEST(JsonMembers, EJ03_a_value_of_another_type_is_the_applications_own_and_stays) {
  for (const char* value : {"1", "true", "{}", "[\"tenant=acme\"]", "{\"kilograms\":20}"}) {
    const std::string own = "\"baggage\":" + std::string(value);
    const propagation settings(propagation_options{});
    const std::string out = sent(members, "{" + own + "}", sample_context(), settings);
    EXPECT_EQ(out, "{" + both_members + "," + own + "}");
    EXPECT_EQ(settings.diagnostics()->count(direction::outbound, errc::no_envelope), 1U);
    EXPECT_EQ(received(members, out, settings), "{" + own + "}");
    EXPECT_EQ(settings.diagnostics()->count(direction::inbound, errc::malformed), 1U);
    const std::string twice = "{" + own + ",\"baggage\":\"a=1\"}";
    EXPECT_EQ(received(members, twice), twice);
    EXPECT_TRUE(read(members, twice).is_empty()) << twice;
    EXPECT_EQ(sent(members, twice), "{" + both_members + "," + twice.substr(1));
  }
}

TEST(JsonMembers, EJ03_a_position_and_its_tracestate_are_the_applications_own_together) {
  const std::string state = R"("tracestate":"old=1")";
  for (const std::string& own :
       {"\"traceparent\":1," + state, std::string("\"traceparent\":[]"),
        "\"tracestate\":{}," + traceparent_member, traceparent_member + ",\"tracestate\":7",
        std::string("\"tracestate\":7")}) {
    const std::string payload = "{" + own + "}";
    const std::string out = sent(members, payload);
    EXPECT_EQ(out, "{\"baggage\":\"tenant=acme\"," + payload.substr(1));
    EXPECT_EQ(received(members, out), payload);
    EXPECT_EQ(received(members, payload), payload);
    EXPECT_FALSE(read(members, payload).has_trace());
  }
}

TEST(JsonMembers, EJ04_of_repeated_ones_the_last_counts_and_all_are_removed) {
  const std::string other = "\"traceparent\":\"" + std::string(other_traceparent) + '"';
  const propagation settings(propagation_options{});
  EXPECT_EQ(read(members, "{" + traceparent_member + "," + other + "}", settings).span_context(),
            other_trace);
  EXPECT_EQ(settings.diagnostics()->count(direction::inbound, errc::duplicate), 1U);
  EXPECT_EQ(
      read(members, "{" + other + "," + other + "," + traceparent_member + "}").span_context(),
      sample_trace);
  EXPECT_TRUE(read(members, "{" + other + ",\"traceparent\":\"bad\"}").is_empty());
  EXPECT_TRUE(read(members, "{" + other + ",\"traceparent\":null}").is_empty());
  EXPECT_EQ(received(members, "{" + other + ",\"a\":1," + other + "," + other + "}"), "{\"a\":1}");
  EXPECT_EQ(sent(members, "{" + other + ",\"a\":1," + other + "}"),
            "{" + all_members + ",\"a\":1}");
  const propagation first({.duplicates = waybill::duplicate_rule::first});
  EXPECT_EQ(read(members, "{" + traceparent_member + "," + other + "}", first).span_context(),
            sample_trace);
}

TEST(JsonMembers, EJ05_are_written_right_behind_the_brace) {
  EXPECT_EQ(sent(members, "{}"), "{" + all_members + "}");
  EXPECT_EQ(sent(members, " { } "), " {" + all_members + " } ");
  EXPECT_EQ(sent(members, "{ \"a\":1}"), "{" + all_members + ", \"a\":1}");
  EXPECT_EQ(sent(members, "{" + traceparent_member + "}"), "{" + all_members + "}");
  EXPECT_EQ(sent(members, "{\"a\":1 , " + traceparent_member + " }"),
            "{" + all_members + ",\"a\":1  }");
}

TEST(JsonMembers, EJ06_go_with_the_comma_behind_them_or_else_with_the_one_in_front) {
  const std::string m = traceparent_member;
  const std::string s = "\"tracestate\":\"a=1\"";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{" + m + "}", "{}"},
      {"{ " + m + " }", "{  }"},
      {"{" + m + ",\"a\":1}", "{\"a\":1}"},
      {"{ " + m + " , \"a\":1}", "{  \"a\":1}"},
      {"{\"a\":1," + m + "}", "{\"a\":1}"},
      {"{\"a\":1 , " + m + " }", "{\"a\":1  }"},
      {"{\"a\":1," + m + ",\"b\":2}", "{\"a\":1,\"b\":2}"},
      {"{\"a\":1," + m + "," + s + "}", "{\"a\":1}"},
      {"{\"a\":1, " + m + " , " + s + " , " + m + "\n}", "{\"a\":1\n}"},
      {"{" + m + ",\"a\":1," + s + ",\"b\":2," + m + "}", "{\"a\":1,\"b\":2}"},
      {"{ " + m + " , " + s + " }", "{   }"},
      {"\t{\n" + m + "\t,\r" + s + " }\n", "\t{\n\r }\n"},
      {"{ \"a\" : 1 , " + m + " }", "{ \"a\" : 1  }"},
      {"{\"a\":\"" + std::string(20, 'x') + "\"," + m + ",\"b\":[" + "{" + m + "}]}",
       "{\"a\":\"" + std::string(20, 'x') + "\",\"b\":[{" + m + "}]}"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(received(members, text), expected) << text;
}

TEST(JsonMembers, EJ07_are_of_fields_of_the_propagator_alone) {
  const propagation settings({.propagator = waybill::propagator::from_names("tracecontext")});
  EXPECT_EQ(received(members, "{" + all_members + "}", settings), "{\"baggage\":\"tenant=acme\"}");
  const propagation usual(propagation_options{});
  waybill::envelope_writer out(members, "{}", usual, waybill::any_destination);
  out.set("other", "value");
  EXPECT_EQ(out.close(), errc::ok);
  EXPECT_FALSE(out.is_changed());
}

TEST(JsonMembers, EJ08_have_their_values_escaped) {
  const auto context = context_of(sample_trace, R"(a="\)", "");
  EXPECT_EQ(sent(members, "{}", context), "{" + traceparent_member + R"(,"tracestate":"a=\"\\"})");
  EXPECT_EQ(read(members, sent(members, "{}", context)), context);
  const propagation settings(propagation_options{});
  waybill::envelope_writer out(members, "{}", settings, waybill::any_destination);
  out.set("baggage", std::string_view("\0\x1f\n\x7f\xc3\xa9", 6));
  EXPECT_EQ(out.close(), errc::ok);
  EXPECT_EQ(out.head(), "{\"baggage\":\"\\u0000\\u001f\\u000a\x7f\xc3\xa9\"}");
}

TEST(JsonMembers, EJ09_without_a_context_the_text_is_sent_as_it_is) {
  for (const std::string& payload :
       {std::string("{}"), "{" + all_members + "}", std::string("[")}) {
    const propagation settings(propagation_options{});
    const auto out =
        waybill::wrap(members, payload, waybill::context(), settings, waybill::any_destination);
    EXPECT_FALSE(out.is_changed());
    EXPECT_EQ(out.body(), payload);
    EXPECT_EQ(settings.diagnostics()->total(), 0U);
  }
}

TEST(JsonMembers, EJ09_that_may_not_go_out_are_removed) {
  propagation_options options;
  options.boundary.set("orders", {.outbound = waybill::outbound_mode::nothing});
  const std::string payload = "{\"a\":1," + traceparent_member + "}";
  const propagation strict(options);
  const auto out = waybill::wrap(members, payload, sample_context(), strict, "orders");
  EXPECT_EQ(out.head(), "{\"a\":1}");
}

TEST(CloudEvent, EC01_is_an_object_with_a_string_specversion) {
  const std::string good = "{\"specversion\":\"1.0\"}";
  EXPECT_EQ(sent(event, good), "{" + both_members + "," + good.substr(1));
  for (const char* text :
       {"{}", "{\"specversion\":1}", "{\"specversion\":null}", "{\"Specversion\":\"1.0\"}",
        "{\"a\":{\"specversion\":\"1.0\"}}", "[\"specversion\"]", "{\"specversion\":\"1.0\""}) {
    const propagation settings(propagation_options{});
    EXPECT_EQ(sent(event, text, sample_context(), settings), text);
    EXPECT_EQ(settings.diagnostics()->total(), 1U);
  }
  const std::string other = "{" + all_members + "}";
  EXPECT_TRUE(read(event, other).is_empty());
}

TEST(CloudEvent, EC01_is_told_by_the_last_specversion) {
  const std::string good = R"({"specversion":1,"specversion":"1.0"})";
  EXPECT_EQ(sent(event, good), "{" + both_members + "," + good.substr(1));
  for (const char* last : {"1", "null", "{}"}) {
    const std::string text = R"({"specversion":"1.0","specversion":)" + std::string(last) + "}";
    EXPECT_EQ(sent(event, text), text);
    const std::string with_trace = "{" + all_members + "," + text.substr(1);
    EXPECT_TRUE(read(event, with_trace).is_empty()) << with_trace;
  }
}

TEST(CloudEvent, EC02_gets_traceparent_and_tracestate_and_no_baggage) {
  const auto out = waybill::wrap(event, "{ \"specversion\":\"1.0\"}", sample_context(),
                                 propagation(), any_destination);
  EXPECT_EQ(out.head(), "{" + both_members + ", \"specversion\":\"1.0\"}");
  EXPECT_TRUE(out.report().trace && out.report().tracestate);
  EXPECT_FALSE(out.report().baggage);
  EXPECT_EQ(sent(event, "{\"specversion\":\"1.0\"}", waybill::context(sample_trace)),
            "{" + traceparent_member + ",\"specversion\":\"1.0\"}");
}

TEST(CloudEvent, EC03_that_has_either_is_never_changed) {
  const std::string other = "\"traceparent\":\"" + std::string(other_traceparent) + '"';
  for (const std::string& attributes :
       {other, std::string("\"tracestate\":\"a=1\""), std::string("\"traceparent\":null"),
        std::string("\"traceparent\":7"), std::string("\"\\u0074raceparent\":\"x\"")}) {
    const std::string payload = "{\"specversion\":\"1.0\"," + attributes + "}";
    const auto out =
        waybill::wrap(event, payload, sample_context(), propagation(), any_destination);
    EXPECT_FALSE(out.is_changed()) << attributes;
    EXPECT_EQ(out.body(), payload);
    EXPECT_FALSE(out.report().trace);
    EXPECT_EQ(out.mode(waybill::inject_mode::replace), waybill::inject_mode::keep);
  }
  const propagation strict(
      {.boundary = waybill::boundary({.outbound = waybill::outbound_mode::nothing})});
  const std::string payload = "{\"specversion\":\"1.0\"," + other + "}";
  EXPECT_EQ(sent(event, payload, sample_context(), strict), payload);
}

TEST(CloudEvent, EC04_is_read_and_stays_as_it_is) {
  const std::string payload = "{\"specversion\":\"1.0\"," + all_members + "}";
  const auto came =
      waybill::unwrap(event, std::string_view(payload), propagation(), any_destination);
  EXPECT_EQ(came.code(), errc::ok);
  EXPECT_EQ(came.extraction().context(), sample_context().without_baggage());
  EXPECT_EQ(came.payload().data(), payload.data());
  EXPECT_EQ(came.payload().size(), payload.size());
}

TEST(Envelope, EV01_of_a_null_payload_is_refused_and_it_stays_null) {
  for (const auto form : {envelope_form::frame, event, members}) {
    const propagation settings(propagation_options{});
    const auto out =
        waybill::wrap(form, std::nullopt, sample_context(), settings, waybill::any_destination);
    EXPECT_TRUE(out.is_null());
    EXPECT_FALSE(out.is_changed());
    EXPECT_EQ(out.size(), 0U);
    EXPECT_FALSE(out.report().trace);
    EXPECT_EQ(settings.diagnostics()->count(direction::outbound, errc::no_envelope), 1U);
    const auto came = waybill::unwrap(form, std::nullopt, settings, waybill::any_destination);
    EXPECT_TRUE(came.is_null());
    EXPECT_EQ(came.code(), errc::absent);
    EXPECT_EQ(settings.diagnostics()->total(), 1U);
  }
}

TEST(Envelope, EV02_of_no_form_changes_and_counts_nothing) {
  const propagation settings(propagation_options{});
  for (const std::string_view payload : {"", "{}", "{", "\xfewbl"}) {
    const auto out = waybill::wrap(envelope_form::none, payload, sample_context(), settings,
                                   waybill::any_destination);
    EXPECT_FALSE(out.is_changed());
    EXPECT_EQ(out.body().data(), payload.data());
    EXPECT_FALSE(out.report().trace);
    EXPECT_EQ(received(envelope_form::none, payload, settings), payload);
  }
  EXPECT_EQ(settings.diagnostics()->total(), 0U);
}

TEST(Envelope, EV03_goes_by_the_boundary_of_its_destination) {
  propagation_options options;
  options.boundary.set("trace", {.outbound = waybill::outbound_mode::trace_only})
      .set("nothing",
           {.inbound = waybill::inbound_mode::ignore, .outbound = waybill::outbound_mode::nothing});
  const propagation settings(options);
  for (const auto form : {envelope_form::frame, members}) {
    const std::string whole = sent(form, "{}");
    const auto trace = waybill::wrap(form, "{}", sample_context(), settings, "trace");
    std::string text;
    trace.append_to(text);
    EXPECT_EQ(read(form, text), sample_context().without_baggage());
    EXPECT_FALSE(waybill::wrap(form, "{}", sample_context(), settings, "nothing").is_changed());
    const auto ignored = waybill::unwrap(form, std::string_view(whole), settings, "nothing");
    EXPECT_TRUE(ignored.extraction().context().is_empty());
    EXPECT_EQ(ignored.payload(), "{}") << "taken off all the same";
  }
  EXPECT_EQ(waybill::unwrap(envelope_form::frame, "\xfewbl", settings, "nothing").code(),
            errc::malformed);
  EXPECT_EQ(settings.diagnostics()->count(direction::inbound, errc::malformed, 2), 1U);
  // What cannot be wrapped is counted for its destination, too.
  EXPECT_FALSE(waybill::wrap(members, "[1]", sample_context(), settings, "trace").is_changed());
  EXPECT_EQ(settings.diagnostics()->count(direction::outbound, errc::no_envelope, 1), 1U);
  EXPECT_EQ(settings.diagnostics()->count(direction::outbound, errc::no_envelope, 0), 0U);
}

}  // namespace
}  // namespace waybill_test

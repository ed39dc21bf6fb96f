// Random texts from alphabets rich in separators, always the same ones: the library must read
// them as a second, plain reading of the rules does, and write what it reads again as the same.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <waybill/baggage.hpp>
#include <waybill/propagator.hpp>
#include <waybill/tracestate.hpp>

#include "support/carriers.hpp"
#include "support/difference.hpp"
#include "support/reading.hpp"
#include "support/reference_formats.hpp"
#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::errc;
using waybill::header_list;
using waybill::limits;
using waybill::propagator;

/// The engine alone: what distributions make of it differs between standard libraries.
class dice {
 public:
  explicit dice(std::uint64_t seed) : engine_(seed) {}
  /// 0 to `sides` - 1.
  std::size_t roll(std::size_t sides) { return static_cast<std::size_t>(engine_() % sides); }
  char byte_of(std::string_view alphabet) { return alphabet[roll(alphabet.size())]; }
  std::string text_of(std::string_view alphabet, std::size_t bytes_max) {
    std::string text(roll(bytes_max + 1), '\0');
    for (char& byte : text) byte = byte_of(alphabet);
    return text;
  }

 private:
  std::mt19937_64 engine_;
};

constexpr std::string_view separators = "ab1=;, \t";
constexpr std::string_view traps = "aZ_-*/@.~!%+\"\\\x7f\xc3\xab\r\n=;, \t0123";

/// A list that is good for the most part: members of all lengths around the blocks of sixteen
/// bytes that a scanner may look at, with white space, empty members and a wrong byte at times.
std::string nearly_good_list(dice& random, bool as_baggage) {
  std::string text;
  const std::size_t members = random.roll(8);
  for (std::size_t i = 0; i < members; ++i) {
    if (i > 0) text += ',';
    if (random.roll(8) == 0) text += random.text_of(" \t,", 3);
    text += "k" + random.text_of("abc019_-", random.roll(4) == 0 ? 40 : 4);
    if (random.roll(16) == 0) text += ' ';
    text += '=';
    text += random.text_of(as_baggage ? "xyz%=+/" : "xyz %+/;", random.roll(4) == 0 ? 60 : 6) + "v";
    while (as_baggage && random.roll(3) == 0) text += ";p" + random.text_of("abc= \t", 8);
    if (random.roll(8) == 0) text += random.text_of(" \t", 3);
  }
  if (!text.empty() && random.roll(4) == 0) text[random.roll(text.size())] = random.byte_of(traps);
  return text;
}

std::string random_list(dice& random, bool as_baggage) {
  switch (random.roll(4)) {
    case 0:
      return random.text_of(separators, 40);
    case 1:
      return random.text_of(traps, 60);
    default:
      return nearly_good_list(random, as_baggage);
  }
}

header_list headers_of(const std::vector<std::string>& states,
                       const std::vector<std::string>& items) {
  header_list list;
  list.add("traceparent", sample_traceparent);
  for (const std::string& value : states) list.add("tracestate", value);
  for (const std::string& value : items) list.add("baggage", value);
  return list;
}

std::vector<std::string> random_fields(dice& random, bool as_baggage) {
  std::vector<std::string> values(random.roll(4) == 0 ? 1 + random.roll(3) : 1);
  for (std::string& value : values) value = random_list(random, as_baggage);
  return values;
}

void expect_like_reference(const header_list& list, const reference::list& state,
                           const reference::list& items, const limits& limits) {
  const reading got = read(list, limits);
  EXPECT_EQ(got.tracestate(), state.text);
  EXPECT_TRUE(state.may_report(got.of("tracestate"))) << name(got.of("tracestate"));
  EXPECT_EQ(got.baggage(), items.text);
  EXPECT_EQ(got.of("baggage"), items.status);
  EXPECT_EQ(got.context.baggage_members(), items.members);
  EXPECT_EQ(got.report.members_dropped, items.dropped);

  EXPECT_EQ(listed_members(waybill::tracestate_view(got.context)), reference::listed(state.text));
  EXPECT_TRUE(decoded_members(waybill::baggage_view(got.context)) ==
              reference::members_of(items.text));
}

TEST(RandomTexts, TS01_TS02_TS03_TS07_TS08_BG01_BG02_BG05_BG08_BG13_are_read_as_the_rules_say) {
  dice random(20'261'121);
  for (int i = 0; i < 40'000 && !::testing::Test::HasFailure(); ++i) {
    const std::vector<std::string> states = random_fields(random, false);
    const std::vector<std::string> items = random_fields(random, true);
    limits limits;
    if (random.roll(8) == 0) {
      limits.baggage_members_max = static_cast<std::uint32_t>(random.roll(6));
      limits.baggage_bytes_max = static_cast<std::uint32_t>(random.roll(80));
    }
    SCOPED_TRACE(::testing::PrintToString(states) + " " + ::testing::PrintToString(items));
    const reference::list state = reference::read_tracestate(states);
    expect_like_reference(headers_of(states, items), state, reference::read_baggage(items, limits),
                          limits);
    if (states.size() == 1) {
      const auto parsed = waybill::tracestate::parse(states[0]);
      EXPECT_TRUE(state.may_report(parsed.error())) << name(parsed.error());
      EXPECT_EQ(parsed.value().text(), state.text);
    }
    if (items.size() == 1) {
      const auto parsed = waybill::baggage::parse(items[0], limits);
      const reference::list expected = reference::read_baggage(items, limits);
      EXPECT_EQ(parsed.items.text(), expected.text);
      EXPECT_EQ(parsed.status, expected.status);
      EXPECT_EQ(parsed.members_dropped, expected.dropped);
    }
  }
}

/// Headers as strangers send them: several of a field, other spellings, null values, no text.
std::vector<reference::header> random_headers(dice& random) {
  constexpr std::string_view names[] = {"traceparent", "Traceparent", "tracestate", "TraceState",
                                        "baggage",     "BAGGAGE",     "app",        "trace-parent"};
  std::vector<reference::header> headers(random.roll(7));
  for (reference::header& each : headers) {
    each.name = names[random.roll(std::size(names))];
    if (reference::lowered(each.name) == "traceparent") {
      each.value = random.roll(4) == 0 ? other_traceparent : sample_traceparent;
      if (random.roll(8) == 0) each.value[random.roll(55)] = random.byte_of(traps);
    } else {
      each.value = random_list(random, reference::lowered(each.name) == "baggage");
    }
    if (random.roll(6) == 0) each.value += random.text_of(" \t", 2);
    if (random.roll(12) == 0) each.value.clear();
    if (random.roll(12) == 0) each.kind = waybill::value_kind::null;
    if (random.roll(16) == 0) each.kind = waybill::value_kind::not_text;
    if (each.kind != waybill::value_kind::text) each.value.clear();
  }
  return headers;
}

TEST(RandomTexts, FL01_FL02_FL03_FL05_FL06_FL07_FL08_FL09_FL10_are_read_as_the_rules_say) {
  dice random(1'234);
  std::size_t with_span_context = 0;
  for (int i = 0; i < 60'000 && !::testing::Test::HasFailure(); ++i) {
    const waybill::carrier_rules rules{static_cast<waybill::duplicate_rule>(random.roll(4)),
                                       static_cast<waybill::name_rule>(random.roll(3))};
    limits limits;
    if (random.roll(3) == 0) {
      limits.field_scan_bytes_max = static_cast<std::uint32_t>(random.roll(120));
      limits.tracestate_bytes_max = static_cast<std::uint32_t>(random.roll(60));
      limits.baggage_members_max = static_cast<std::uint32_t>(random.roll(6));
    }
    const std::vector<reference::header> headers = random_headers(random);
    broker_headers carrier(rules);
    std::string shown;
    for (const reference::header& each : headers) {
      shown += each.name + ": " + ::testing::PrintToString(each.value) + "\n";
      if (each.kind == waybill::value_kind::text) {
        carrier.add(each.name, each.value);
      } else {
        carrier.add(each.name, each.kind);
      }
    }
    const reading got = read(carrier, limits);
    EXPECT_EQ(first_difference(reference::extract(headers, rules, limits), got.context, got.report),
              "")
        << shown << "raw limit " << limits.field_scan_bytes_max;
    if (got.context.has_trace()) ++with_span_context;
  }
  EXPECT_GT(with_span_context, 10'000U);
}

void expect_clean(std::string_view text, std::string_view no_space_around) {
  EXPECT_FALSE(text.empty());
  EXPECT_NE(text.front(), ' ');
  EXPECT_NE(text.back(), ' ');
  EXPECT_NE(text.front(), ',');
  EXPECT_NE(text.back(), ',');
  for (std::size_t i = 0; i < text.size(); ++i) {
    EXPECT_TRUE(text[i] >= 0x20 && text[i] <= 0x7e);
    if (no_space_around.find(text[i]) == std::string_view::npos) continue;
    if (i > 0) {
      EXPECT_NE(text[i - 1], ' ');
    }
    if (i + 1 < text.size()) {
      EXPECT_NE(text[i + 1], ' ');
    }
    if (i > 0 && text[i] == ',') {
      EXPECT_NE(text[i - 1], ',');
    }
  }
}

TEST(RandomTexts, FL17_FL20_what_is_written_is_clean_and_read_as_the_same_again) {
  dice random(42);
  for (int i = 0; i < 20'000 && !::testing::Test::HasFailure(); ++i) {
    const header_list came = headers_of(random_fields(random, false), random_fields(random, true));
    const waybill::context first = read(came).context;
    header_list sent = came;
    const auto report = propagator().inject(first, sent);
    SCOPED_TRACE(::testing::PrintToString(values_of(came, "tracestate")) + " " +
                 ::testing::PrintToString(values_of(came, "baggage")));
    EXPECT_EQ(report.code, errc::ok);
    const reading second = read(sent);
    EXPECT_EQ(second.context, first);
    EXPECT_EQ(second.context.baggage_members(), first.baggage_members());
    for (const char* name : {"traceparent", "tracestate", "baggage"}) {
      EXPECT_LE(second.of(name), errc::absent) << name;
      EXPECT_FALSE(second.is_repeated(name));
      const std::vector<std::string> values = values_of(sent, name);
      EXPECT_LE(values.size(), 1U);
      for (const std::string& value : values) {
        expect_clean(value, std::string_view(name) == "baggage" ? ",;=" : ",");
      }
    }
    header_list again = sent;
    propagator().inject(second.context, again);
    EXPECT_EQ(again, sent);
  }
}

TEST(RandomTexts, FL21_a_borrowed_read_is_the_same_or_says_that_it_cannot_be) {
  dice random(7);
  std::size_t borrowed = 0;
  std::size_t needing_copies = 0;
  for (int i = 0; i < 20'000 && !::testing::Test::HasFailure(); ++i) {
    const header_list came = headers_of(random_fields(random, false), random_fields(random, true));
    const reading owned = read(came);
    waybill::extract_report report;
    const auto peeked = propagator().peek(came, {}, &report);
    SCOPED_TRACE(::testing::PrintToString(values_of(came, "tracestate")) + " " +
                 ::testing::PrintToString(values_of(came, "baggage")));
    EXPECT_EQ(report.fields, owned.report.fields);
    EXPECT_EQ(report.members_dropped, owned.report.members_dropped);
    if (peeked.has_value()) {
      ++borrowed;
      EXPECT_EQ(waybill::context(*peeked), owned.context);
      EXPECT_EQ(peeked->baggage_members(), owned.context.baggage_members());
    } else {
      ++needing_copies;
      EXPECT_EQ(peeked.error(), errc::needs_copy);
    }
  }
  EXPECT_GT(borrowed, 1'000U);
  EXPECT_GT(needing_copies, 1'000U);
}

TEST(RandomTexts, TP01_TP06_TP08_changed_traceparents_are_read_as_the_rules_say) {
  dice random(3);
  std::size_t accepted = 0;
  for (int i = 0; i < 100'000 && !::testing::Test::HasFailure(); ++i) {
    std::string text(sample_traceparent);
    if (random.roll(2) == 0) {
      text[0] = random.byte_of("0cf");
      text[1] = random.byte_of("01cf");
    }
    if (random.roll(4) == 0) text += random.text_of("-.0 \t", 3);
    const std::size_t changes = random.roll(3);
    for (std::size_t k = 0; k < changes; ++k) {
      text[random.roll(text.size())] = random.byte_of("0123456789abcdefAFg-` /:@\x80\xb0\xe1 ");
    }
    if (random.roll(16) == 0) text.erase(random.roll(text.size()), 1);
    if (random.roll(16) == 0) text.insert(random.roll(text.size()), 1, '0');
    const reference::position expected = reference::read_traceparent(reference::trimmed(text));
    const reading got = read(http_headers({{"traceparent", text}}));
    ASSERT_EQ(got.of("traceparent"), expected.code) << text;
    ASSERT_EQ(got.context.has_trace(), expected.is_good()) << text;
    if (!expected.is_good()) continue;
    ++accepted;
    EXPECT_EQ(traceparent_of(got.context.span_context()), expected.written());
  }
  EXPECT_GT(accepted, 10'000U);
}

TEST(RandomTexts, TS04_TS05_BG03_BG05_one_wrong_byte_at_every_place_of_texts_of_every_length) {
  // Whatever a scanner looks at together, it must see every byte once.
  for (std::size_t bytes = 1; bytes <= 70; ++bytes) {
    const std::string part(bytes, 'a');
    for (std::size_t place = 0; place < bytes; ++place) {
      std::string wrong = part;
      wrong[place] = '\x01';
      for (const std::string& member : {wrong + "=v", "k=" + wrong}) {
        const std::vector<std::string> values{"x=1," + member + ",y=2"};
        expect_like_reference(headers_of(values, values), reference::refused(errc::malformed),
                              {"x=1,y=2", 2, 1, errc::malformed}, {});
      }
    }
    const std::vector<std::string> values{part + "=v,k=" + part};
    expect_like_reference(headers_of(values, values), {values[0], 2, 0, errc::ok},
                          {values[0], 2, 0, errc::ok}, {});
  }
}

TEST(RandomTexts, TS01_BG01_nothing_behind_the_end_of_a_text_is_looked_at) {
  // Every beginning of a text, in memory of its own size, so that a sanitizer sees a step too far.
  const std::string text = " k1=v%20w ;p=%41;q , key-of-some-length= x y ,\tz=1=2,last=%C3%AB";
  for (std::size_t bytes = 0; bytes <= text.size(); ++bytes) {
    const std::vector<char> copy(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(bytes));
    const std::string_view view(copy.data(), copy.size());
    const std::vector<std::string> values{std::string(view)};
    const auto state = waybill::tracestate::parse(view);
    EXPECT_TRUE(reference::read_tracestate(values).may_report(state.error()));
    EXPECT_EQ(state.value().text(), reference::read_tracestate(values).text);
    const auto items = waybill::baggage::parse(view);
    EXPECT_EQ(items.items.text(), reference::read_baggage(values, {}).text);
    for (const auto& member : waybill::baggage_view(items.items)) {
      EXPECT_EQ(member.value(), waybill::percent_decode(std::string(member.raw_value)));
    }
    EXPECT_EQ(waybill::percent_decode(view), waybill::percent_decode(std::string(view)));
  }
}

TEST(RandomTexts, BG22_BG25_TS16_TS17_changes_leave_what_can_be_read) {
  dice random(11);
  waybill::tracestate state;
  waybill::baggage items;
  for (int i = 0; i < 20'000 && !::testing::Test::HasFailure(); ++i) {
    const std::string key = random.text_of("abC@ =", 3);
    const std::string value = random.text_of(traps, 20);
    const std::string state_before(state.text());
    const std::string items_before(items.text());
    if (random.roll(5) == 0) {
      state.remove(key);
      items.remove(key);
    } else {
      const errc state_code = state.set(key, value);
      const errc items_code = items.set(key, value);
      if (state_code != errc::ok) {
        EXPECT_EQ(state.text(), state_before);
      }
      if (items_code != errc::ok) {
        EXPECT_EQ(items.text(), items_before);
      }
      if (state_code == errc::ok) {
        EXPECT_EQ(state.get(key), value);
      }
      if (items_code == errc::ok) {
        EXPECT_EQ(items.get(key), value);
      }
    }
    const std::vector<std::string> states{std::string(state.text())};
    const std::vector<std::string> texts{std::string(items.text())};
    const reference::list state_read = reference::read_tracestate(states);
    const reference::list items_read = reference::read_baggage(texts, {});
    EXPECT_EQ(state_read.status, errc::ok);
    EXPECT_EQ(state_read.text, states[0]);
    EXPECT_EQ(items_read.status, errc::ok);
    EXPECT_EQ(items_read.text, texts[0]);
    EXPECT_EQ(items_read.members, items.members());
  }
}

}  // namespace
}  // namespace waybill_test

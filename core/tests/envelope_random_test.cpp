// Whatever a payload is, it comes out as it went in, and what is no envelope passes as it is.
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <waybill/envelope.hpp>

#include "support/json_texts.hpp"
#include "support/processor_time.hpp"
#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::any_destination;
using waybill::envelope_form;
using waybill::errc;
using waybill::propagation;

constexpr envelope_form all_forms[] = {envelope_form::frame, envelope_form::cloudevents_json,
                                       envelope_form::json_members};

waybill::context random_context(json_texts& random) {
  switch (random.roll(4)) {
    case 0:
      return {};
    case 1:
      return waybill::context(sample_trace);
    case 2:
      return context_of(sample_trace, R"(a="\/,b=2)", "tenant=acme,plan=gold;ttl=60");
    default:
      return context_of(sample_trace, tracestate_of_bytes(300), baggage_of_bytes(500));
  }
}

std::string whole(const waybill::envelope_writer& sent) {
  std::string text;
  sent.append_to(text);
  return text;
}

/// What is sent with the context, received, gives both back.
void expect_passage(envelope_form form, const std::string& payload,
                    const waybill::context& context) {
  const propagation settings(waybill::propagation_options{});
  const auto sent = waybill::wrap(form, payload, context, settings, waybill::any_destination);
  const std::string text = whole(sent);
  const auto came =
      waybill::unwrap(form, std::string_view(text), settings, waybill::any_destination);
  if (form != envelope_form::cloudevents_json) {
    ASSERT_EQ(came.payload(), payload);
  } else {
    ASSERT_EQ(came.payload(), text);
  }
  if (sent.report().trace) {
    const auto expected = sent.report().baggage ? context : context.without_baggage();
    ASSERT_EQ(came.extraction().context(), expected) << text;
  } else {
    ASSERT_EQ(text.substr(text.size() - payload.size()), payload) << "what has none is not changed";
  }
}

TEST(EnvelopeRandom, EF06_EF07_any_payload_comes_out_of_a_frame_as_it_went_in) {
  json_texts random(10);
  std::string payload;
  for (int i = 0; i < 20'000; ++i) {
    const waybill::context context = random_context(random);
    // Frames within frames now and then, and pieces of them.
    if (random.roll(3) == 0) {
      payload = whole(waybill::wrap(envelope_form::frame, payload, context, propagation(),
                                    waybill::any_destination));
      if (payload.size() > 5'000) payload.clear();
    } else if (random.roll(2) == 0) {
      payload = random.bytes(50);
      if (random.roll(2) == 0) payload.insert(0, waybill::frame_magic);
    } else {
      payload.resize(random.roll(payload.size() + 1));
    }
    expect_passage(envelope_form::frame, payload, context);
  }
}

TEST(EnvelopeRandom, EJ06_EC04_any_object_without_members_of_ours_comes_out_as_it_went_in) {
  json_texts random(11);
  for (int i = 0; i < 20'000; ++i) {
    const std::string payload = random.payload(false);
    expect_passage(envelope_form::json_members, payload, random_context(random));
    std::string event = payload;
    const bool is_empty = event.find(':') == std::string::npos;
    event.insert(event.find('{') + 1, is_empty ? R"("specversion":"1.0")" : R"("specversion":"",)");
    expect_passage(envelope_form::cloudevents_json, event, random_context(random));
  }
}

TEST(EnvelopeRandom, EJ05_EJ06_any_object_with_members_of_ours_stays_an_object_and_settles) {
  json_texts random(12);
  const propagation settings(waybill::propagation_options{});
  for (int i = 0; i < 20'000; ++i) {
    const std::string payload = random.payload(true);
    const auto once =
        waybill::unwrap(envelope_form::json_members, payload, settings, waybill::any_destination);
    const std::string clean(once.payload());
    const auto twice =
        waybill::unwrap(envelope_form::json_members, clean, settings, waybill::any_destination);
    ASSERT_NE(once.code(), errc::malformed) << payload;
    ASSERT_EQ(twice.code(), errc::absent) << payload << " became " << clean;
    const std::string sent = whole(waybill::wrap(envelope_form::json_members, payload,
                                                 context_of(sample_trace, "a=1", "b=2"), settings,
                                                 waybill::any_destination));
    const auto came =
        waybill::unwrap(envelope_form::json_members, sent, settings, waybill::any_destination);
    ASSERT_EQ(came.payload(), clean) << "old members are removed as a receiver removes them";
  }
}

TEST(EnvelopeRandom, EF05_EJ01_what_is_no_envelope_passes_as_it_is) {
  json_texts random(13);
  for (int i = 0; i < 50'000; ++i) {
    std::string text = random.roll(2) == 0 ? random.bytes(80) : random.payload(true);
    if (random.roll(4) == 0) {
      text = whole(waybill::wrap(envelope_form::frame, text, random_context(random), propagation(),
                                 any_destination));
    }
    text = random.damaged(text);
    for (const envelope_form form : all_forms) {
      const propagation settings(waybill::propagation_options{});
      const auto came =
          waybill::unwrap(form, std::string_view(text), settings, waybill::any_destination);
      if (came.code() == errc::ok) continue;
      ASSERT_EQ(came.payload().data(), text.data());
      ASSERT_EQ(came.payload().size(), text.size());
      ASSERT_TRUE(came.extraction().context().is_empty());
      ASSERT_EQ(settings.diagnostics()->count(waybill::direction::inbound, came.code()),
                came.code() == errc::absent ? 0U : 1U);
    }
  }
}

double seconds_to_pass(envelope_form form, std::string_view payload) {
  const propagation settings(waybill::propagation_options{});
  const double before = processor_seconds();
  const auto sent = waybill::wrap(form, payload, waybill::context(sample_trace), settings,
                                  waybill::any_destination);
  const auto came = waybill::unwrap(form, sent.head().empty() ? sent.body() : sent.head(), settings,
                                    waybill::any_destination);
  EXPECT_LE(came.payload().size(), payload.size());
  return processor_seconds() - before;
}

TEST(EnvelopeRandom, EJ01_EJ04_time_is_linear_in_the_bytes_whatever_they_say) {
  constexpr std::size_t bytes = 8'000'000;
  for (const std::string_view piece :
       {R"("traceparent":"x",)", R"("\u0074raceparent":"\u0078",)", R"("a":1,)",
        R"("traceparent":"x","a":[],)", R"("a":")", R"(\u0074)", "[", "{\"a\":", " ", "\"", ","}) {
    std::string text = "{";
    while (text.size() < bytes) text.append(piece);
    const std::string small = text.substr(0, bytes / 20);
    for (const std::string_view end : {"", "\"a\":2}"}) {
      const std::string large_text = text + std::string(end);
      const std::string small_text =
          small.substr(0, small.size() / piece.size() * piece.size() - piece.size() + 1) +
          std::string(end);
      EXPECT_LT(seconds_to_pass(envelope_form::json_members, large_text),
                0.5 + 60 * seconds_to_pass(envelope_form::json_members, small_text))
          << piece;
    }
  }
}

TEST(EnvelopeRandom, EF06_EJ05_a_hundred_megabytes_pass) {
  constexpr std::size_t bytes = 100'000'000;
  const std::string large(bytes, 'x');
  const propagation settings(waybill::propagation_options{});
  const auto sent = waybill::wrap(envelope_form::frame, large, waybill::context(sample_trace),
                                  settings, waybill::any_destination);
  EXPECT_EQ(sent.body().data(), large.data()) << "not copied";
  std::string text;
  text.reserve(bytes + 100);
  sent.append_to(text);
  const auto came = waybill::unwrap(envelope_form::frame, std::string_view(text), settings,
                                    waybill::any_destination);
  EXPECT_EQ(came.payload().data(), text.data() + sent.head().size());
  EXPECT_EQ(came.payload().size(), bytes);

  const std::string object = "{\"a\":\"" + large + "\" }";
  const auto members =
      waybill::wrap(envelope_form::json_members, object, waybill::context(sample_trace), settings,
                    waybill::any_destination);
  EXPECT_EQ(members.size(), object.size() + 72);
  const auto clean = waybill::unwrap(envelope_form::json_members, members.head(), settings,
                                     waybill::any_destination);
  EXPECT_TRUE(clean.payload() == object);
}

}  // namespace
}  // namespace waybill_test

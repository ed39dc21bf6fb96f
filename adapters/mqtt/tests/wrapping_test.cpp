// Envelopes that have to fit, and those of last wills.

#include "waybill/mqtt/cpp/wrapping.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "support/contexts.hpp"
#include "waybill/mqtt/cpp/will.hpp"

namespace {

using waybill::context;
using waybill::direction;
using waybill::envelope_form;
using waybill::errc;
using waybill::propagation;
using waybill_test::make_context;
using waybill_test::traceparent_a;
using waybill_test::traceparent_b;
namespace mqtt = waybill::mqtt;

/// Names the parts of a context: t, s, b.
std::string parts_of(const context& of) {
  return std::string(of.has_trace() ? "t" : "") + (of.tracestate_text().empty() ? "" : "s") +
         (of.has_baggage() ? "b" : "");
}

class mqtt_wrapping : public testing::Test {
 protected:
  // What arrives of a payload that has `room` bytes for an envelope.
  std::string wrap_within(std::size_t room, const context& sent, std::string_view payload,
                          envelope_form form = envelope_form::json_members) {
    waybill::envelope_writer envelope(form, payload, settings_, "topic");
    const waybill::messaging::sending decided(envelope, {.context = &sent},
                                              waybill::inject_mode::automatic, settings_, "topic");
    const std::size_t bytes_max = payload.size() + room;
    made_ = mqtt::detail::wrap_payload(decided, envelope, settings_, "topic", {.bytes_max = room},
                                       [&](std::size_t bytes) { return bytes <= bytes_max; });
    const std::string text = made_.text.value_or(std::string(payload));
    EXPECT_LE(text.size(), bytes_max);
    const waybill::unwrapped came = waybill::unwrap(form, text, settings_, "topic");
    EXPECT_TRUE(form == envelope_form::frame || came.payload() == payload) << text;
    EXPECT_EQ(made_.sent, came.extraction().sender());
    return parts_of(came.extraction().context());
  }
  [[nodiscard]] std::uint64_t dropped() const {
    return settings_.diagnostics()->count(direction::outbound, errc::dropped_for_size);
  }

  const propagation settings_{waybill::propagation_options{}};
  mqtt::detail::wrapped_payload made_;
};

TEST_F(mqtt_wrapping, gives_up_what_escapes_make_too_large) {
  constexpr std::string_view payload = R"({"a":1})";
  const context sent = make_context(traceparent_a, "a=" + std::string(200, '"'), "k=v");
  const std::size_t trace = 6 + 11 + 55;
  const std::size_t state = 6 + 10 + 2 + 2 * 200;
  const std::size_t items = 6 + 7 + 3;
  EXPECT_EQ(wrap_within(trace + state + items, sent, payload), "tsb");
  EXPECT_EQ(dropped(), 0U);
  EXPECT_EQ(wrap_within(trace + state + items - 1, sent, payload), "ts");
  EXPECT_EQ(wrap_within(trace + state, sent, payload), "ts");
  EXPECT_EQ(wrap_within(trace + state - 1, sent, payload), "t");
  EXPECT_EQ(wrap_within(350, sent, payload), "t");
  EXPECT_EQ(wrap_within(trace, sent, payload), "t");
  EXPECT_EQ(wrap_within(trace - 1, sent, payload), "");
  EXPECT_FALSE(made_.text.has_value());
  EXPECT_EQ(wrap_within(0, sent, payload), "");
  EXPECT_EQ(dropped(), 7U) << "each message once";
}

// What an outcome names has to be what was sent.
TEST_F(mqtt_wrapping, names_the_span_context_that_goes_out_and_no_other) {
  const context sent = make_context(traceparent_a, "a=1", "k=v");
  constexpr std::size_t enough = 1'000;
  EXPECT_EQ(wrap_within(enough, sent, "21.5"), "") << "no object";
  EXPECT_EQ(wrap_within(enough, sent, R"({"traceparent":1})"), "b");
  EXPECT_EQ(wrap_within(enough, sent, R"({"tracestate":7})"), "b");
  constexpr auto event = envelope_form::cloudevents_json;
  const std::string begin = R"({"specversion":"1.0","traceparent":")";
  EXPECT_EQ(wrap_within(enough, sent, begin + "bad\"}", event), "");
  EXPECT_EQ(wrap_within(enough, sent, begin + std::string(traceparent_b) + "\"}", event), "t");
  EXPECT_EQ(made_.sent, make_context(traceparent_b).span_context()) << "an event keeps its own";
}

TEST_F(mqtt_wrapping, of_a_payload_that_looks_like_a_frame_is_left_out_where_there_is_no_room) {
  const std::string look_alike("\xfe\x77\x62\x6c\x01 not a frame");
  EXPECT_EQ(wrap_within(0, context(), look_alike, envelope_form::frame), "");
  EXPECT_FALSE(made_.text.has_value());
  EXPECT_EQ(dropped(), 1U);
}

class mqtt_will : public testing::Test {
 protected:
  [[nodiscard]] ::mqtt::will_options with_envelope(const std::string& payload,
                                                   const context& sent = {},
                                                   bool is_retained = false) const {
    return mqtt::will_with_context({"wills/1", payload, 1, is_retained}, settings_,
                                   {.context = &sent}, true, {{"wills/+", envelope_form::frame}});
  }
  [[nodiscard]] waybill::unwrapped unwrapped(const std::string& payload) const {
    return waybill::unwrap(envelope_form::frame, payload, settings_, "wills/1");
  }

  const propagation settings_;
  const context sent_ = make_context(traceparent_a, "v=1", "k=v");
};

TEST_F(mqtt_will, on_a_topic_with_an_envelope_has_its_context_in_the_payload) {
  const ::mqtt::will_options will = with_envelope("gone", sent_);
  EXPECT_EQ(will.get_properties().size(), 0U);
  const std::string payload = will.get_payload_str();
  const waybill::unwrapped came = unwrapped(payload);
  EXPECT_EQ(came.payload(), "gone");
  EXPECT_EQ(came.extraction().context(), sent_);
}

TEST_F(mqtt_will, on_a_topic_with_an_envelope_comes_back_when_it_looks_like_one) {
  const std::string framed = with_envelope("inner", sent_).get_payload_str();
  const std::string payload = with_envelope(framed).get_payload_str();
  const waybill::unwrapped came = unwrapped(payload);
  EXPECT_EQ(came.payload(), framed);
  EXPECT_TRUE(came.extraction().context().is_empty());
}

TEST_F(mqtt_will, that_removes_a_retained_message_is_never_wrapped) {
  EXPECT_EQ(with_envelope("", sent_, true).get_payload_str(), "");
  EXPECT_NE(with_envelope("", sent_, false).get_payload_str(), "");
}

TEST_F(mqtt_will, never_grows_beyond_what_its_length_can_say) {
  for (const std::size_t bytes : {65'535U - 11U, 65'535U}) {
    EXPECT_EQ(with_envelope(std::string(bytes, 'p'), sent_).get_payload_str().size(), bytes);
  }
  const std::string payload = with_envelope(std::string(65'400, 'p'), sent_).get_payload_str();
  EXPECT_LE(payload.size(), 65'535U);
  EXPECT_EQ(parts_of(unwrapped(payload).extraction().context()), "tsb");
}

TEST_F(mqtt_will, elsewhere_has_it_in_its_properties) {
  const ::mqtt::will_options will =
      mqtt::will_with_context({"other", std::string("gone"), 1, false}, settings_,
                              {.context = &sent_}, false, {{"wills/+", envelope_form::frame}});
  EXPECT_EQ(will.get_payload_str(), "gone");
  EXPECT_EQ(will.get_properties().size(), 3U);
}

}  // namespace

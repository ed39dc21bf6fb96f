// Last wills with context in their properties or in an envelope.

#include "waybill/mqtt/cpp/will.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <utility>

#include "support/contexts.hpp"

namespace {

using waybill::context;
using waybill::envelope_form;
using waybill::propagation;
using waybill_test::make_context;
using waybill_test::traceparent_a;
namespace mqtt = waybill::mqtt;

/// Names the parts of a context: t, s, b.
std::string parts_of(const context& of) {
  return std::string(of.has_trace() ? "t" : "") + (of.tracestate_text().empty() ? "" : "s") +
         (of.has_baggage() ? "b" : "");
}

class mqtt_will : public testing::Test {
 protected:
  [[nodiscard]] ::mqtt::will_options with_envelope(const std::string& payload,
                                                   const context& sent = {},
                                                   bool is_retained = false) const {
    return mqtt::will_with_context({"wills/1", payload, 1, is_retained}, settings_,
                                   {.context = &sent}, {.packet_bytes_max = 70'000});
  }
  [[nodiscard]] waybill::unwrapped unwrapped(const std::string& payload) const {
    return waybill::unwrap(envelope_form::frame, payload, settings_, "wills/1");
  }

  [[nodiscard]] static propagation with_envelopes() {
    waybill::propagation_options options;
    options.boundary.set_filter("wills/+", {.envelope = envelope_form::frame});
    return propagation(std::move(options));
  }

  const propagation settings_ = with_envelopes();
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
                              {.context = &sent_}, {.stamps_time = false});
  EXPECT_EQ(will.get_payload_str(), "gone");
  EXPECT_EQ(will.get_properties().size(), 3U);
}

TEST_F(mqtt_will, has_fields_within_its_assumption_alone) {
  const auto fields_with = [&](std::size_t payload_bytes, std::size_t packet_bytes_max) {
    return mqtt::will_with_context({"other", std::string(payload_bytes, 'p'), 1, false}, settings_,
                                   {.context = &sent_},
                                   {.stamps_time = false, .packet_bytes_max = packet_bytes_max})
        .get_properties()
        .size();
  };
  EXPECT_EQ(fields_with(10, 8'192), 3U);
  EXPECT_EQ(fields_with(9'000, 8'192), 0U);
  EXPECT_EQ(fields_with(9'000, 10'000), 3U);
  EXPECT_EQ(fields_with(10, 0), 0U);
}

}  // namespace

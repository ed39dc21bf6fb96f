// Envelopes as carriers of what is sent.
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <waybill/envelope.hpp>
#include <waybill/messaging/sending.hpp>

#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::any_destination;
using waybill::envelope_form;
using waybill::errc;
using waybill::inject_mode;
using waybill::propagation;
using waybill::messaging::sending;

constexpr envelope_form members = envelope_form::json_members;

waybill::context sample_context() {
  return context_of(sample_trace, "rojo=00f067aa0ba902b7", "tenant=acme");
}

TEST(SendingEnvelope, EJ09_members_of_a_text_that_has_some_are_kept) {
  const propagation settings;
  const std::string payload =
      "{\"a\":1,\"traceparent\":\"" + std::string(sample_traceparent) + "\"}";
  waybill::envelope_writer out(members, std::string_view(payload), settings, any_destination);
  const sending message(out, {}, inject_mode::automatic, settings, "orders");
  EXPECT_EQ(message.sent(), sample_trace);
  message.write(out);
  EXPECT_EQ(out.close(), errc::ok);
  EXPECT_EQ(out.body(), payload);
}

TEST(SendingEnvelope, EV04_may_be_written_again_with_fewer_parts) {
  const propagation settings;
  for (const auto form : {envelope_form::frame, members}) {
    waybill::envelope_writer out(form, "{}", settings, any_destination);
    const waybill::context context = sample_context();
    const sending message(out, {.context = &context}, inject_mode::replace, settings, "orders");
    message.write(out, out.budget());
    EXPECT_EQ(out.close(), errc::ok);
    const std::size_t whole = out.size();
    message.write(out, waybill::inject_parts{true, false, false});
    EXPECT_EQ(out.close(), errc::ok);
    EXPECT_LT(out.size(), whole);
    std::string text;
    out.append_to(text);
    EXPECT_EQ(waybill::unwrap(form, text, settings, any_destination).extraction().context(),
              waybill::context(sample_trace));
  }
}

}  // namespace
}  // namespace waybill_test

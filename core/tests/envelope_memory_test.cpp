// What envelopes allocate, and what becomes of them when memory runs out. In the executable that
// counts every allocation.
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <waybill/envelope.hpp>

#include "support/counted_memory.hpp"
#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::envelope_form;
using waybill::errc;
using waybill::propagation;

waybill::context sample_context() {
  return context_of(sample_trace, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "tenant=acme");
}

TEST(EnvelopeMemory, EF01_EF06_a_frame_allocates_nothing_whatever_the_payload) {
  const propagation settings(waybill::propagation_options{});
  const waybill::context context = sample_context();
  for (const std::size_t bytes : {0U, 100U, 10'000'000U}) {
    const std::string payload(bytes, '\xfe');
    std::string received = payload;
    EXPECT_EQ(memory_use_in([&] {
                const auto out = waybill::wrap(envelope_form::frame, payload, context, settings,
                                               waybill::any_destination);
                EXPECT_TRUE(out.is_changed());
              }).allocations,
              0U);
    received.clear();
    waybill::wrap(envelope_form::frame, payload, context, settings, waybill::any_destination)
        .append_to(received);
    EXPECT_EQ(memory_use_in([&] {
                const auto came = waybill::unwrap(envelope_form::frame, std::string_view(received),
                                                  settings, waybill::any_destination);
                EXPECT_EQ(came.payload().size(), bytes);
                EXPECT_TRUE(came.extraction().context().has_baggage());
              }).allocations,
              0U);
  }
}

TEST(EnvelopeMemory, EJ01_what_is_no_envelope_allocates_nothing) {
  const propagation settings(waybill::propagation_options{});
  std::string nested = "{\"a\":";
  nested.resize(10'000'000, '[');
  std::string repeated = "{";
  for (int i = 0; i < 100'000; ++i) repeated += R"("traceparent":"x",)";
  for (const std::string_view payload : {std::string_view("{\"a\":1}"), std::string_view("["),
                                         std::string_view(nested), std::string_view(repeated)}) {
    for (const auto form : {envelope_form::json_members, envelope_form::cloudevents_json}) {
      EXPECT_EQ(memory_use_in([&] {
                  const auto came =
                      waybill::unwrap(form, payload, settings, waybill::any_destination);
                  EXPECT_NE(came.code(), errc::ok);
                }).allocations,
                0U);
    }
  }
}

TEST(EnvelopeMemory, EJ04_of_members_with_escapes_no_more_is_copied_than_is_looked_at) {
  const propagation settings(waybill::propagation_options{});
  std::string payload = "{";
  for (int i = 0; i < 100; ++i) {
    payload += R"("baggage":"\u0061)" + std::string(100'000, 'x') + "\",";
  }
  payload += "\"a\":1}";
  const auto used = memory_use_in([&] {
    const waybill::envelope_reader in(envelope_form::json_members, std::string_view(payload),
                                      settings, waybill::any_destination);
    EXPECT_EQ(in.code(), errc::ok);
  });
  EXPECT_LE(used.allocations, 12U);
  EXPECT_LE(used.bytes, 600'000U);
}

TEST(EnvelopeMemory, EJ05_that_runs_out_lets_the_payload_pass_as_it_is) {
  const waybill::context context = sample_context();
  const std::string payload = "{\"a\":\"" + std::string(1'000, 'x') + "\"}";
  for (std::size_t allocations = 0;; ++allocations) {
    const propagation settings(waybill::propagation_options{});
    memory.allocations_left = allocations;
    const auto out = waybill::wrap(envelope_form::json_members, payload, context, settings,
                                   waybill::any_destination);
    memory.allocations_left = SIZE_MAX;
    if (out.is_changed()) {
      EXPECT_GT(allocations, 0U);
      break;
    }
    EXPECT_EQ(out.body(), payload);
    EXPECT_EQ(out.report().code, errc::no_memory);
    EXPECT_FALSE(out.report().trace);
    EXPECT_EQ(settings.diagnostics()->count(waybill::direction::outbound, errc::no_memory), 1U);
  }
}

TEST(EnvelopeMemory, EJ06_that_runs_out_lets_members_stay) {
  const propagation settings(waybill::propagation_options{});
  const std::string payload = "{\"traceparent\":\"" + std::string(sample_traceparent) + "\"}";
  memory.allocations_left = 1;  // for what was found, and none for the new text
  const auto came = waybill::unwrap(envelope_form::json_members, std::string_view(payload),
                                    settings, waybill::any_destination);
  memory.allocations_left = SIZE_MAX;
  EXPECT_EQ(came.payload(), payload);
  EXPECT_EQ(came.extraction().sender(), sample_trace);
  EXPECT_EQ(settings.diagnostics()->count(waybill::direction::inbound, errc::no_memory), 1U);
}

TEST(EnvelopeMemory, EJ06_that_is_out_lets_the_payload_pass_as_it_is) {
  const propagation settings(waybill::propagation_options{});
  const std::string payload = "{\"traceparent\":\"" + std::string(sample_traceparent) + "\"}";
  memory.is_out = true;
  const auto came = waybill::unwrap(envelope_form::json_members, std::string_view(payload),
                                    settings, waybill::any_destination);
  memory.is_out = false;
  EXPECT_EQ(came.code(), errc::no_memory);
  EXPECT_EQ(came.payload().data(), payload.data());
  EXPECT_EQ(came.payload().size(), payload.size());
  EXPECT_TRUE(came.extraction().context().is_empty());
  EXPECT_EQ(settings.diagnostics()->count(waybill::direction::inbound, errc::no_memory), 1U);
}

TEST(EnvelopeMemory, EF11_that_runs_out_costs_a_pair_and_never_the_payload) {
  const propagation settings(waybill::propagation_options{});
  const auto large = context_of(sample_trace, "", baggage_of_bytes(8'000));
  memory.is_out = true;
  const auto out =
      waybill::wrap(envelope_form::frame, "payload", large, settings, waybill::any_destination);
  memory.is_out = false;
  EXPECT_EQ(out.body(), "payload");
  EXPECT_EQ(out.report().code, errc::no_memory);
  EXPECT_TRUE(out.report().trace);
  EXPECT_FALSE(out.report().baggage);
  std::string received;
  out.append_to(received);
  const auto came = waybill::unwrap(envelope_form::frame, std::string_view(received), settings,
                                    waybill::any_destination);
  EXPECT_EQ(came.extraction().context(), waybill::context(sample_trace));
}

}  // namespace
}  // namespace waybill_test

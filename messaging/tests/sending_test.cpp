// What is sent: which context goes with a message, and the span around it.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <waybill/header_list.hpp>
#include <waybill/messaging/sending.hpp>

#include "support/recording_tracer.hpp"
#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::context;
using waybill::direction;
using waybill::errc;
using waybill::header_list;
using waybill::inject_mode;
using waybill::outcome_state;
using waybill::propagation;
using waybill::propagation_options;
using waybill::propagator;
using waybill::span_context;
using waybill::messaging::sending;

enum class headers_hold { nothing, good, malformed };

constexpr inject_mode all_modes[] = {inject_mode::automatic, inject_mode::replace,
                                     inject_mode::keep, inject_mode::parent};

/// The context of the application, where a test has one.
context own_context() { return context_of(sample_trace, "own=1", "own=1"); }
/// What is in the headers already, where there is something.
context held_context() { return context_of(other_trace, "held=1", "held=1"); }

header_list headers_with(headers_hold what) {
  header_list headers;
  headers.add("app", "1");
  if (what == headers_hold::good) {
    headers.add("Traceparent", other_traceparent);
    headers.add("tracestate", "held=1");
    headers.add("baggage", "held=1");
  }
  if (what == headers_hold::malformed) {
    headers.add("traceparent", "00-nonsense");
    headers.add("tracestate", "held=1");
  }
  headers.add("app", "2");
  return headers;
}

constexpr auto describe_send = [] {
  return waybill::operation_details{.system = "test", .name = "publish"};
};

/// One message on its way out, with a tracer unless it is told otherwise.
struct sent_message {
  std::shared_ptr<recording_tracer> tracer = std::make_shared<recording_tracer>();
  propagation_options options;
  header_list headers;
  bool changed_headers = false;
  span_context sent;
  context written;

  void send(headers_hold existing, const context* own, inject_mode mode, bool with_tracer) {
    if (with_tracer) options.tracer = tracer;
    const propagation settings(options);
    headers = headers_with(existing);
    const sending message(headers, {.context = own}, mode, settings, "orders", describe_send);
    changed_headers = message.changes_headers();
    sent = message.sent();
    if (changed_headers) message.write(headers);
    written = propagator().extract(headers);
    EXPECT_EQ(headers.begin()->value, "1");
    EXPECT_EQ(*headers.get("app"), "1");
  }
};

bool replaces(inject_mode mode, headers_hold existing) {
  return mode == inject_mode::replace || mode == inject_mode::automatic ||
         existing != headers_hold::good;
}

constexpr headers_hold all_holdings[] = {headers_hold::nothing, headers_hold::good,
                                         headers_hold::malformed};

TEST(sending_without_tracer, sends_the_own_context_unless_the_headers_come_first) {
  for (const inject_mode mode : all_modes) {
    for (const headers_hold existing : all_holdings) {
      const context own = own_context();
      sent_message explicit_one;
      explicit_one.send(existing, &own, mode, false);
      const context& expected = replaces(mode, existing) ? own_context() : held_context();
      EXPECT_EQ(explicit_one.written, expected);
      EXPECT_EQ(explicit_one.sent, expected.span_context());

      const waybill::scope active(own);
      sent_message current_one;
      current_one.send(existing, nullptr, mode, false);
      EXPECT_EQ(current_one.written, expected);
      EXPECT_EQ(current_one.sent, expected.span_context());
    }
  }
}

TEST(sending_without_tracer, leaves_headers_that_are_kept_byte_for_byte) {
  const context own = own_context();
  for (const inject_mode mode : {inject_mode::keep, inject_mode::automatic}) {
    sent_message message;
    message.send(headers_hold::good, mode == inject_mode::keep ? &own : nullptr, mode, false);
    EXPECT_FALSE(message.changed_headers);
    EXPECT_EQ(message.headers, headers_with(headers_hold::good));
    EXPECT_EQ(message.sent, other_trace);
  }
}

TEST(sending_without_tracer, changes_nothing_when_there_is_no_context) {
  for (const inject_mode mode : all_modes) {
    for (const headers_hold existing : {headers_hold::nothing, headers_hold::malformed}) {
      sent_message message;
      message.send(existing, nullptr, mode, false);
      EXPECT_FALSE(message.changed_headers);
      EXPECT_EQ(message.headers, headers_with(existing)) << "what adopters do by hand stays";
      EXPECT_FALSE(message.sent.is_valid());
    }
    sent_message message;
    message.send(headers_hold::good, nullptr, mode, false);
    EXPECT_EQ(message.written, held_context());
  }
}

TEST(sending_without_tracer, an_explicit_context_that_is_empty_is_not_the_current_one) {
  const waybill::scope active(own_context());
  const context none;
  for (const inject_mode mode : all_modes) {
    sent_message message;
    message.send(headers_hold::nothing, &none, mode, false);
    EXPECT_TRUE(message.written.is_empty());
  }
}

TEST(sending_without_tracer, an_explicit_context_comes_before_the_current_one) {
  const waybill::scope active(held_context());
  const context own = own_context();
  sent_message message;
  message.send(headers_hold::nothing, &own, inject_mode::automatic, false);
  EXPECT_EQ(message.written, own_context());
}

TEST(sending_without_tracer, baggage_alone_leaves_the_trace_of_the_headers) {
  const context own = context_of({}, "", "own=1");
  sent_message message;
  message.send(headers_hold::good, &own, inject_mode::automatic, false);
  EXPECT_EQ(message.written, context_of(other_trace, "held=1", "own=1"));
}

TEST(sending_without_tracer, asks_the_propagation_s_provider_where_there_is_no_scope) {
  class fixed_provider final : public waybill::context_provider {
   public:
    [[nodiscard]] const context& current(context& storage) const noexcept override {
      storage = own_context();
      return storage;
    }
    [[nodiscard]] void* attach(const context& /*next*/) const noexcept override { return nullptr; }
    void restore(void* /*attached*/) const noexcept override {}
  };
  const fixed_provider provider;
  sent_message message;
  message.options.provider = &provider;
  message.send(headers_hold::nothing, nullptr, inject_mode::automatic, false);
  EXPECT_EQ(message.written, own_context());
  const waybill::scope active(held_context());
  message.send(headers_hold::nothing, nullptr, inject_mode::automatic, false);
  EXPECT_EQ(message.written, held_context());
}

TEST(sending_with_tracer, makes_a_span_of_the_own_context_and_sends_it) {
  for (const inject_mode mode : all_modes) {
    for (const headers_hold existing : all_holdings) {
      if (!replaces(mode, existing)) continue;
      const context own = own_context();
      sent_message message;
      message.send(existing, &own, mode, true);
      ASSERT_EQ(message.tracer->span_count(), 1U);
      const recording_tracer::span span = message.tracer->span_at(0);
      EXPECT_EQ(span.parent, own_context());
      EXPECT_TRUE(span.links.empty());
      EXPECT_TRUE(span.injects);
      EXPECT_EQ(span.kind, waybill::operation_kind::send);
      EXPECT_EQ(span.name, "publish");
      EXPECT_EQ(span.destination, "orders");
      EXPECT_EQ(message.written, span.started);
      EXPECT_EQ(message.sent, span.started.span_context());
      EXPECT_EQ(message.written.baggage_text(), "own=1");
      EXPECT_EQ(message.written.tracestate_text(), "own=1");
    }
  }
}

TEST(sending_with_tracer, begins_a_trace_when_there_is_no_context) {
  for (const inject_mode mode : all_modes) {
    for (const headers_hold existing : {headers_hold::nothing, headers_hold::malformed}) {
      sent_message message;
      message.send(existing, nullptr, mode, true);
      const recording_tracer::span span = message.tracer->span_at(0);
      EXPECT_TRUE(span.parent.is_empty());
      EXPECT_TRUE(span.injects);
      EXPECT_EQ(message.written, span.started);
      EXPECT_EQ(message.sent, span.started.span_context());
    }
  }
}

TEST(sending_with_tracer, links_its_span_to_headers_that_are_kept) {
  const context own = own_context();
  for (const inject_mode mode : {inject_mode::keep, inject_mode::automatic}) {
    const context* const given = mode == inject_mode::keep ? &own : nullptr;
    sent_message message;
    message.send(headers_hold::good, given, mode, true);
    EXPECT_EQ(message.headers, headers_with(headers_hold::good));
    EXPECT_FALSE(message.changed_headers);
    EXPECT_EQ(message.sent, other_trace);
    ASSERT_EQ(message.tracer->span_count(), 1U);
    const recording_tracer::span span = message.tracer->span_at(0);
    EXPECT_EQ(span.parent, given != nullptr ? own_context() : context());
    EXPECT_EQ(span.links, std::vector<span_context>{other_trace});
    EXPECT_FALSE(span.injects) << "the message carries another context than the span's";
  }
}

TEST(sending_with_tracer, parent_mode_continues_the_headers) {
  const context own = own_context();
  for (const context* const given : {&own, static_cast<const context*>(nullptr)}) {
    sent_message message;
    message.send(headers_hold::good, given, inject_mode::parent, true);
    const recording_tracer::span span = message.tracer->span_at(0);
    EXPECT_EQ(span.parent, held_context());
    EXPECT_TRUE(span.injects);
    EXPECT_EQ(message.written, span.started);
    EXPECT_EQ(message.written.span_context().trace_id(), other_trace.trace_id());
    EXPECT_NE(message.written.span_context().span_id(), other_trace.span_id());
    EXPECT_EQ(message.written.tracestate_text(), "held=1");
    EXPECT_EQ(message.written.baggage_text(), "held=1");
    EXPECT_EQ(message.sent, span.started.span_context());
  }
}

TEST(sending_with_tracer, gives_baggage_alone_to_the_new_trace) {
  const context own = context_of({}, "", "own=1");
  sent_message message;
  message.send(headers_hold::good, &own, inject_mode::automatic, true);
  const recording_tracer::span span = message.tracer->span_at(0);
  EXPECT_EQ(span.parent, own);
  EXPECT_EQ(message.written, span.started);
  EXPECT_EQ(message.written.baggage_text(), "own=1");
  EXPECT_EQ(message.written.tracestate_text(), "") << "not that of the old trace";
}

TEST(sending_span, that_nobody_takes_ends_once_as_unknown) {
  sent_message message;
  message.send(headers_hold::nothing, nullptr, inject_mode::automatic, true);
  EXPECT_EQ(message.tracer->span_at(0).ends, 1);
  EXPECT_EQ(message.tracer->span_at(0).ended_as, outcome_state::unknown);
}

TEST(sending_span, that_is_taken_is_the_caller_s_to_end) {
  const auto tracer = std::make_shared<recording_tracer>();
  const propagation settings({.tracer = tracer});
  waybill::span_handle taken;
  {
    sending message(header_list(), {}, inject_mode::automatic, settings, "orders", describe_send);
    taken = message.take_span();
    EXPECT_TRUE(taken);
    EXPECT_FALSE(message.take_span()) << "it is handed over once";
  }
  EXPECT_EQ(tracer->span_at(0).ends, 0);
  tracer->end(taken, waybill::outcome(outcome_state::succeeded));
  EXPECT_EQ(tracer->span_at(0).ends, 1);
}

TEST(sending_span, is_none_without_a_tracer) {
  const propagation settings(propagation_options{});
  const context own = own_context();
  sending message(header_list(), {.context = &own}, inject_mode::automatic, settings, "orders",
                  describe_send);
  EXPECT_FALSE(message.take_span());
}

/// A tracer that has nothing to end, such as one that drops every span.
class silent_tracer final : public waybill::tracer {
 public:
  waybill::span_handle start(const waybill::operation& /*operation*/,
                             const waybill::context_view& parent,
                             std::span<const span_context> /*links*/,
                             context& started) noexcept override {
    started = context(parent).new_child();
    return {};
  }
  void end(waybill::span_handle /*span*/, const waybill::outcome& /*outcome*/) noexcept override {
    ADD_FAILURE() << "there is nothing to end";
  }
};

TEST(sending_span, that_is_null_is_never_ended) {
  sent_message message;
  message.options.tracer = std::make_shared<silent_tracer>();
  const context own = own_context();
  message.send(headers_hold::nothing, &own, inject_mode::automatic, false);
  EXPECT_EQ(message.written.span_context().trace_id(), sample_trace.trace_id());
  EXPECT_NE(message.written.span_context().span_id(), sample_trace.span_id());
}

/// A tracer that is switched off: it neither makes a span nor says what to send.
class idle_tracer final : public waybill::tracer {
 public:
  waybill::span_handle start(const waybill::operation& /*operation*/,
                             const waybill::context_view& /*parent*/,
                             std::span<const span_context> /*links*/,
                             context& /*started*/) noexcept override {
    return {};
  }
  void end(waybill::span_handle /*span*/, const waybill::outcome& /*outcome*/) noexcept override {
    ADD_FAILURE() << "there is nothing to end";
  }
};

TEST(sending_span, that_is_not_made_leaves_the_trace_whole) {
  for (const inject_mode mode : all_modes) {
    for (const headers_hold existing : all_holdings) {
      const context own = own_context();
      sent_message message;
      message.options.tracer = std::make_shared<idle_tracer>();
      message.send(existing, &own, mode, false);
      EXPECT_EQ(message.written, replaces(mode, existing) ? own_context() : held_context());
    }
  }
}

TEST(sending_existing, FL10_invalid_headers_that_it_looks_at_are_counted) {
  const propagation settings(propagation_options{});
  header_list headers;
  headers.add("traceparent", "no traceparent");
  const sending message(headers, {}, inject_mode::keep, settings, "orders", describe_send);
  EXPECT_FALSE(message.changes_headers());
  EXPECT_EQ(settings.diagnostics()->count(direction::inbound, errc::malformed), 1U);
}

TEST(sending_options, the_mode_of_a_message_comes_before_that_of_the_sender) {
  const context own = own_context();
  const propagation settings;
  const header_list headers = headers_with(headers_hold::good);
  const sending kept(headers, {.context = &own, .mode = inject_mode::keep}, inject_mode::replace,
                     settings, "orders");
  EXPECT_EQ(kept.sent(), other_trace);
  const sending replaced(headers, {.context = &own, .mode = inject_mode::replace},
                         inject_mode::keep, settings, "orders");
  EXPECT_EQ(replaced.sent(), sample_trace);
  const sending as_the_sender_says(headers, {.context = &own}, inject_mode::keep, settings,
                                   "orders");
  EXPECT_EQ(as_the_sender_says.sent(), other_trace);
}

TEST(sending_source, is_asked_only_where_a_tracer_looks) {
  int asked = 0;
  const auto describe = [&asked] {
    ++asked;
    return waybill::operation_details{};
  };
  {
    const sending message(header_list(), {}, inject_mode::automatic, propagation(), "orders",
                          describe);
  }
  EXPECT_EQ(asked, 0) << "no tracer";
  const propagation silent({.tracer = std::make_shared<idle_tracer>()});
  { const sending message(header_list(), {}, inject_mode::automatic, silent, "orders", describe); }
  EXPECT_EQ(asked, 0) << "a tracer that does not look";
  const auto tracer = std::make_shared<recording_tracer>();
  const propagation traced({.tracer = tracer});
  { const sending message(header_list(), {}, inject_mode::automatic, traced, "orders", describe); }
  EXPECT_EQ(asked, 1);
  { const sending message(header_list(), {}, inject_mode::automatic, traced, "orders"); }
  EXPECT_EQ(tracer->span_count(), 1U) << "without a source there is no span";
}

TEST(sending_write, what_fits_is_sent_with_as_much_of_the_context_as_goes) {
  const propagation settings(propagation_options{});
  const context own = own_context();
  const std::vector<std::pair<std::size_t, context>> rooms = {{1'000, own_context()},
                                                              {92, own_context().without_baggage()},
                                                              {80, context(sample_trace)},
                                                              {10, context()}};
  for (const auto& [room, expected] : rooms) {
    header_list headers;
    const sending message(headers, {.context = &own}, inject_mode::replace, settings, "orders");
    message.send_what_fits([&, bytes_max = room](waybill::inject_parts parts) {
      message.write(headers, parts);
      std::size_t bytes = 0;
      for (const auto& each : headers) bytes += each.name.size() + each.value.size();
      return bytes > bytes_max;
    });
    EXPECT_EQ(propagator().extract(headers), expected) << room;
  }
  int calls = 0;
  const context none;
  const sending empty(header_list(), {.context = &none}, inject_mode::replace, settings, "orders");
  empty.send_what_fits([&calls](waybill::inject_parts /*parts*/) { return ++calls > 0; });
  EXPECT_EQ(calls, 1) << "there is nothing to leave out";
}

TEST(sending_write, may_be_called_again_with_less) {
  const propagation settings(propagation_options{});
  const context own = own_context();
  header_list headers = headers_with(headers_hold::good);
  const sending message(headers, {.context = &own}, inject_mode::replace, settings, "orders",
                        describe_send);
  EXPECT_EQ(message.write(headers).code, errc::ok);
  EXPECT_EQ(propagator().extract(headers), own_context());
  EXPECT_EQ(message.write(headers, {.baggage = false}).code, errc::dropped_for_size);
  EXPECT_EQ(propagator().extract(headers), context_of(sample_trace, "own=1", ""));
  EXPECT_EQ(message.write(headers, {.tracestate = false, .baggage = false}).code,
            errc::dropped_for_size);
  EXPECT_EQ(propagator().extract(headers), context(sample_trace));
  EXPECT_EQ(message.write(headers, {false, false, false}).code, errc::dropped_for_size);
  EXPECT_TRUE(propagator().extract(headers).is_empty());
  EXPECT_EQ(headers.size(), 2U) << "the application's headers";
  EXPECT_EQ(settings.diagnostics()->count(direction::outbound, errc::dropped_for_size), 3U);
}

TEST(sending_write, keeps_to_a_budget) {
  const propagation settings(propagation_options{});
  const context own = own_context();
  header_list headers;
  const sending message(headers, {.context = &own}, inject_mode::replace, settings, "orders",
                        describe_send);
  const std::size_t all = (11 + 55) + (10 + 5) + (7 + 5);
  EXPECT_EQ(message.write(headers, waybill::inject_budget{all, 0}).code, errc::ok);
  EXPECT_EQ(propagator().extract(headers), own_context());
  EXPECT_EQ(message.write(headers, waybill::inject_budget{all - 1, 0}).code,
            errc::dropped_for_size);
  EXPECT_EQ(propagator().extract(headers), own_context().without_baggage());
}

}  // namespace
}  // namespace waybill_test

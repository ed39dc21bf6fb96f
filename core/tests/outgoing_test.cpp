// What a wrapper sends: which context goes with a message, and the span around it.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <waybill/header_list.hpp>
#include <waybill/outgoing.hpp>

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
using waybill::outgoing;
using waybill::propagation;
using waybill::propagator;
using waybill::trace_context;

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

/// One message on its way out, with a tracer unless it is told otherwise.
struct sending {
  std::shared_ptr<recording_tracer> tracer = std::make_shared<recording_tracer>();
  propagation with;
  header_list headers;
  bool changed_headers = false;
  trace_context sent_trace;
  context written;

  void send(headers_hold existing, const context* own, inject_mode mode, bool with_tracer) {
    if (with_tracer) with.tracer = tracer;
    headers = headers_with(existing);
    outgoing message(headers, own, mode, with,
                     {.kind = waybill::operation_kind::create, .where = "orders"});
    changed_headers = message.changes_headers();
    sent_trace = message.sent_trace();
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

TEST(outgoing_without_tracer, sends_the_own_context_unless_the_headers_come_first) {
  for (const inject_mode mode : all_modes) {
    for (const headers_hold existing : all_holdings) {
      const context own = own_context();
      sending explicit_one;
      explicit_one.send(existing, &own, mode, false);
      const context& expected = replaces(mode, existing) ? own_context() : held_context();
      EXPECT_EQ(explicit_one.written, expected);
      EXPECT_EQ(explicit_one.sent_trace, expected.trace());

      const waybill::scope active(own);
      sending current_one;
      current_one.send(existing, nullptr, mode, false);
      EXPECT_EQ(current_one.written, expected);
      EXPECT_EQ(current_one.sent_trace, expected.trace());
    }
  }
}

TEST(outgoing_without_tracer, leaves_headers_that_are_kept_byte_for_byte) {
  const context own = own_context();
  for (const inject_mode mode : {inject_mode::keep, inject_mode::automatic}) {
    sending message;
    message.send(headers_hold::good, mode == inject_mode::keep ? &own : nullptr, mode, false);
    EXPECT_FALSE(message.changed_headers);
    EXPECT_EQ(message.headers, headers_with(headers_hold::good));
    EXPECT_EQ(message.sent_trace, other_trace);
  }
}

TEST(outgoing_without_tracer, changes_nothing_when_there_is_no_context) {
  for (const inject_mode mode : all_modes) {
    for (const headers_hold existing : {headers_hold::nothing, headers_hold::malformed}) {
      sending message;
      message.send(existing, nullptr, mode, false);
      EXPECT_FALSE(message.changed_headers);
      EXPECT_EQ(message.headers, headers_with(existing)) << "what adopters do by hand stays";
      EXPECT_FALSE(message.sent_trace.is_valid());
    }
    sending message;
    message.send(headers_hold::good, nullptr, mode, false);
    EXPECT_EQ(message.written, held_context());
  }
}

TEST(outgoing_without_tracer, an_explicit_context_that_is_empty_is_not_the_current_one) {
  const waybill::scope active(own_context());
  const context none;
  for (const inject_mode mode : all_modes) {
    sending message;
    message.send(headers_hold::nothing, &none, mode, false);
    EXPECT_TRUE(message.written.is_empty());
  }
}

TEST(outgoing_without_tracer, an_explicit_context_comes_before_the_current_one) {
  const waybill::scope active(held_context());
  const context own = own_context();
  sending message;
  message.send(headers_hold::nothing, &own, inject_mode::automatic, false);
  EXPECT_EQ(message.written, own_context());
}

TEST(outgoing_without_tracer, baggage_alone_leaves_the_trace_of_the_headers) {
  const context own = context_of({}, "", "own=1");
  sending message;
  message.send(headers_hold::good, &own, inject_mode::automatic, false);
  EXPECT_EQ(message.written, context_of(other_trace, "held=1", "own=1"));
}

TEST(outgoing_without_tracer, asks_the_propagation_s_provider) {
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
  const waybill::scope active(held_context());
  sending message;
  message.with.provider = &provider;
  message.send(headers_hold::nothing, nullptr, inject_mode::automatic, false);
  EXPECT_EQ(message.written, own_context());
}

TEST(outgoing_with_tracer, makes_a_span_of_the_own_context_and_sends_it) {
  for (const inject_mode mode : all_modes) {
    for (const headers_hold existing : all_holdings) {
      if (!replaces(mode, existing)) continue;
      const context own = own_context();
      sending message;
      message.send(existing, &own, mode, true);
      ASSERT_EQ(message.tracer->span_count(), 1U);
      const recording_tracer::span span = message.tracer->span_at(0);
      EXPECT_EQ(span.parent, own_context());
      EXPECT_TRUE(span.links.empty());
      EXPECT_TRUE(span.injects);
      EXPECT_EQ(span.kind, waybill::operation_kind::create);
      EXPECT_EQ(span.destination, "orders");
      EXPECT_EQ(message.written, span.started);
      EXPECT_EQ(message.sent_trace, span.started.trace());
      EXPECT_EQ(message.written.baggage_text(), "own=1");
      EXPECT_EQ(message.written.tracestate_text(), "own=1");
    }
  }
}

TEST(outgoing_with_tracer, begins_a_trace_when_there_is_no_context) {
  for (const inject_mode mode : all_modes) {
    for (const headers_hold existing : {headers_hold::nothing, headers_hold::malformed}) {
      sending message;
      message.send(existing, nullptr, mode, true);
      const recording_tracer::span span = message.tracer->span_at(0);
      EXPECT_TRUE(span.parent.is_empty());
      EXPECT_TRUE(span.injects);
      EXPECT_EQ(message.written, span.started);
      EXPECT_EQ(message.sent_trace, span.started.trace());
    }
  }
}

TEST(outgoing_with_tracer, links_its_span_to_headers_that_are_kept) {
  const context own = own_context();
  for (const inject_mode mode : {inject_mode::keep, inject_mode::automatic}) {
    const context* const given = mode == inject_mode::keep ? &own : nullptr;
    sending message;
    message.send(headers_hold::good, given, mode, true);
    EXPECT_EQ(message.headers, headers_with(headers_hold::good));
    EXPECT_FALSE(message.changed_headers);
    EXPECT_EQ(message.sent_trace, other_trace);
    ASSERT_EQ(message.tracer->span_count(), 1U);
    const recording_tracer::span span = message.tracer->span_at(0);
    EXPECT_EQ(span.parent, given != nullptr ? own_context() : context());
    EXPECT_EQ(span.links, std::vector<trace_context>{other_trace});
    EXPECT_FALSE(span.injects) << "the message carries another context than the span's";
  }
}

TEST(outgoing_with_tracer, parent_mode_continues_the_headers) {
  const context own = own_context();
  for (const context* const given : {&own, static_cast<const context*>(nullptr)}) {
    sending message;
    message.send(headers_hold::good, given, inject_mode::parent, true);
    const recording_tracer::span span = message.tracer->span_at(0);
    EXPECT_EQ(span.parent, held_context());
    EXPECT_TRUE(span.injects);
    EXPECT_EQ(message.written, span.started);
    EXPECT_EQ(message.written.trace().trace(), other_trace.trace());
    EXPECT_NE(message.written.trace().span(), other_trace.span());
    EXPECT_EQ(message.written.tracestate_text(), "held=1");
    EXPECT_EQ(message.written.baggage_text(), "held=1");
    EXPECT_EQ(message.sent_trace, span.started.trace());
  }
}

TEST(outgoing_with_tracer, gives_baggage_alone_to_the_new_trace) {
  const context own = context_of({}, "", "own=1");
  sending message;
  message.send(headers_hold::good, &own, inject_mode::automatic, true);
  const recording_tracer::span span = message.tracer->span_at(0);
  EXPECT_EQ(span.parent, own);
  EXPECT_EQ(message.written, span.started);
  EXPECT_EQ(message.written.baggage_text(), "own=1");
  EXPECT_EQ(message.written.tracestate_text(), "") << "not that of the old trace";
}

TEST(outgoing_span, that_nobody_takes_ends_once_as_unknown) {
  sending message;
  message.send(headers_hold::nothing, nullptr, inject_mode::automatic, true);
  EXPECT_EQ(message.tracer->span_at(0).ends, 1);
  EXPECT_EQ(message.tracer->span_at(0).ended_as, outcome_state::unknown);
}

TEST(outgoing_span, that_is_taken_is_the_caller_s_to_end) {
  const auto tracer = std::make_shared<recording_tracer>();
  propagation with;
  with.tracer = tracer;
  waybill::span_handle taken;
  {
    outgoing message(header_list(), nullptr, inject_mode::automatic, with, {.where = "orders"});
    taken = message.take_span();
    EXPECT_TRUE(taken);
    EXPECT_FALSE(message.take_span()) << "it is handed over once";
  }
  EXPECT_EQ(tracer->span_at(0).ends, 0);
  tracer->end(taken, {.state = outcome_state::succeeded});
  EXPECT_EQ(tracer->span_at(0).ends, 1);
}

TEST(outgoing_span, is_none_without_a_tracer) {
  const propagation with;
  const context own = own_context();
  outgoing message(header_list(), &own, inject_mode::automatic, with, {.where = "orders"});
  EXPECT_FALSE(message.take_span());
}

/// A tracer that has nothing to end, such as one that drops every span.
class silent_tracer final : public waybill::tracer {
 public:
  waybill::span_handle start(const waybill::operation& /*what*/,
                             const waybill::context_view& parent,
                             std::span<const trace_context> /*links*/,
                             context& started) noexcept override {
    started = context(parent).new_child();
    return {};
  }
  void end(waybill::span_handle /*span*/, const waybill::outcome& /*result*/) noexcept override {
    ADD_FAILURE() << "there is nothing to end";
  }
};

TEST(outgoing_span, that_is_null_is_never_ended) {
  sending message;
  message.with.tracer = std::make_shared<silent_tracer>();
  const context own = own_context();
  message.send(headers_hold::nothing, &own, inject_mode::automatic, false);
  EXPECT_EQ(message.written.trace().trace(), sample_trace.trace());
  EXPECT_NE(message.written.trace().span(), sample_trace.span());
}

/// A tracer that is switched off: it neither makes a span nor says what to send.
class idle_tracer final : public waybill::tracer {
 public:
  waybill::span_handle start(const waybill::operation& /*what*/,
                             const waybill::context_view& /*parent*/,
                             std::span<const trace_context> /*links*/,
                             context& /*started*/) noexcept override {
    return {};
  }
  void end(waybill::span_handle /*span*/, const waybill::outcome& /*result*/) noexcept override {
    ADD_FAILURE() << "there is nothing to end";
  }
};

TEST(outgoing_span, that_is_not_made_leaves_the_trace_whole) {
  for (const inject_mode mode : all_modes) {
    for (const headers_hold existing : all_holdings) {
      const context own = own_context();
      sending message;
      message.with.tracer = std::make_shared<idle_tracer>();
      message.send(existing, &own, mode, false);
      EXPECT_EQ(message.written, replaces(mode, existing) ? own_context() : held_context());
    }
  }
}

TEST(outgoing_write, may_be_called_again_with_less) {
  const propagation with;
  const context own = own_context();
  header_list headers = headers_with(headers_hold::good);
  const outgoing message(headers, &own, inject_mode::replace, with, {.where = "orders"});
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
  EXPECT_EQ(with.diagnostics->count(direction::outbound, errc::dropped_for_size), 3U);
}

TEST(outgoing_write, keeps_to_a_budget) {
  const propagation with;
  const context own = own_context();
  header_list headers;
  const outgoing message(headers, &own, inject_mode::replace, with, {.where = "orders"});
  const std::size_t all = (11 + 55) + (10 + 5) + (7 + 5);
  EXPECT_EQ(message.write(headers, waybill::inject_budget{all, 0}).code, errc::ok);
  EXPECT_EQ(propagator().extract(headers), own_context());
  EXPECT_EQ(message.write(headers, waybill::inject_budget{all - 1, 0}).code,
            errc::dropped_for_size);
  EXPECT_EQ(propagator().extract(headers), own_context().without_baggage());
}

}  // namespace
}  // namespace waybill_test

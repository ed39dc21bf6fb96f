#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>
#include <waybill/baggage.hpp>
#include <waybill/header_list.hpp>
#include <waybill/propagation.hpp>

#include "support/texts.hpp"

namespace {

/// Runs `work(thread number)` on several threads that begin together.
template <class F>
void on_threads(int threads, F work) {
  std::atomic<int> ready{0};
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&ready, &work, threads, i] {
      ready.fetch_add(1);
      while (ready.load() != threads) std::this_thread::yield();
      work(i);
    });
  }
  for (std::thread& each : running) each.join();
}

TEST(Threads, use_one_propagation_at_once) {
  waybill::propagation_options options;
  options.boundary.set("linked", {.inbound = waybill::inbound_mode::link});
  const waybill::propagation settings(options);
  on_threads(8, [&settings](int number) {
    for (int i = 0; i < 500; ++i) {
      waybill::header_list headers;
      const waybill::context sent = waybill_test::context_of(
          waybill::span_context::new_root(true), "own=1", "thread=" + std::to_string(number));
      waybill::inject(sent, headers, settings, "adopted");
      headers.add("tracestate", i % 2 == 0 ? "" : "not a member");
      const waybill::extraction adopted = waybill::take(headers, settings, "adopted");
      ASSERT_NE(adopted.parent(), nullptr);
      EXPECT_EQ(adopted.parent()->span_context(), sent.span_context());
      EXPECT_EQ(adopted.parent()->baggage_text(), sent.baggage_text());
      EXPECT_TRUE(headers.is_empty());

      waybill::inject(sent, headers, settings, "linked");
      const waybill::extraction linked = waybill::take(headers, settings, "linked");
      EXPECT_EQ(linked.parent(), nullptr);
      EXPECT_EQ(linked.context().baggage_text(), sent.baggage_text());
    }
  });
  EXPECT_EQ(settings.diagnostics()->count(waybill::direction::inbound, waybill::errc::malformed),
            2'000U);
}

TEST(Threads, copy_and_drop_one_shared_context_at_once) {
  const std::string items = waybill_test::baggage_of_bytes(4'000);
  auto original = std::make_unique<waybill::context>(
      waybill_test::context_of(waybill_test::sample_trace, "", items));
  std::vector<waybill::context> copies(8, *original);
  original.reset();
  on_threads(8, [&](int number) {
    waybill::context& own = copies[static_cast<std::size_t>(number)];
    for (int i = 0; i < 2'000; ++i) {
      const waybill::context copy = own;
      waybill::context moved = copy;
      own = std::move(moved);
      ASSERT_EQ(own.baggage_text().size(), items.size());
    }
    own = waybill::context();
  });
}

}  // namespace

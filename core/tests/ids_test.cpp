#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <bitset>
#include <cstring>
#include <set>
#include <string>
#include <thread>
#include <vector>
#include <waybill/context.hpp>
#include <waybill/trace_context.hpp>

#include "support/texts.hpp"

namespace {

using waybill::trace_context;
using waybill_test::other_trace;
using waybill_test::sample_trace;

std::string hex_of(const waybill::trace_id& id) {
  const auto text = id.to_hex();
  return {text.begin(), text.end()};
}

std::string hex_of(const waybill::span_id& id) {
  const auto text = id.to_hex();
  return {text.begin(), text.end()};
}

TEST(Ids, ID01_a_new_root_is_valid_random_and_sampled_as_asked) {
  for (const bool sampled : {false, true}) {
    const trace_context root = trace_context::new_root(sampled);
    EXPECT_TRUE(root.is_valid());
    EXPECT_TRUE(root.is_random());
    EXPECT_EQ(root.is_sampled(), sampled);
    EXPECT_FALSE(root.is_remote());
    EXPECT_EQ(root.sampling(),
              sampled ? waybill::sampling_state::accept : waybill::sampling_state::deny);
  }
}

TEST(Ids, ID01_ids_do_not_repeat) {
  constexpr std::size_t roots = 20'000;
  std::set<std::string> traces;
  std::set<std::string> spans;
  for (std::size_t i = 0; i < roots; ++i) {
    const trace_context root = trace_context::new_root(true);
    traces.insert(hex_of(root.trace()));
    spans.insert(hex_of(root.span()));
  }
  EXPECT_EQ(traces.size(), roots);
  EXPECT_EQ(spans.size(), roots);
}

TEST(Ids, ID01_every_bit_of_an_id_is_random) {
  // Each bit is set in about half of 4,000 ids; 6 standard deviations are 190.
  constexpr int roots = 4'000;
  std::array<int, 128> trace_bits{};
  std::array<int, 64> span_bits{};
  for (int i = 0; i < roots; ++i) {
    const trace_context root = trace_context::new_root(true);
    for (std::size_t bit = 0; bit < trace_bits.size(); ++bit) {
      trace_bits[bit] += (root.trace().bytes[bit / 8] >> (bit % 8)) & 1;
    }
    for (std::size_t bit = 0; bit < span_bits.size(); ++bit) {
      span_bits[bit] += (root.span().bytes[bit / 8] >> (bit % 8)) & 1;
    }
  }
  for (const int set : trace_bits) EXPECT_NEAR(set, roots / 2, 190);
  for (const int set : span_bits) EXPECT_NEAR(set, roots / 2, 190);
}

TEST(Ids, ID02_a_new_root_context_has_neither_tracestate_nor_baggage) {
  const waybill::context root = waybill::context::new_root(true);
  EXPECT_TRUE(root.has_trace());
  EXPECT_EQ(root.tracestate_text(), "");
  EXPECT_EQ(root.baggage_text(), "");
}

TEST(Ids, ID03_a_new_child_has_its_parents_trace_and_flags_and_a_span_of_its_own) {
  for (const trace_context& parent : {sample_trace, other_trace}) {
    const trace_context child = parent.new_child();
    EXPECT_EQ(child.trace(), parent.trace());
    EXPECT_EQ(child.flags(), parent.flags());
    EXPECT_EQ(child.sampling(), parent.sampling());
    EXPECT_TRUE(child.span().is_valid());
    EXPECT_NE(child.span(), parent.span());
    EXPECT_FALSE(child.is_remote());
    EXPECT_NE(parent.new_child().span(), child.span());
  }
}

TEST(Ids, ID04_the_random_bit_is_copied_as_it_is) {
  for (std::uint8_t flags = 0; flags <= waybill::flags_known; ++flags) {
    const trace_context parent(sample_trace.trace(), sample_trace.span(), flags);
    EXPECT_EQ(parent.new_child().is_random(), (flags & waybill::flag_random) != 0);
  }
}

TEST(Ids, ID05_a_new_child_keeps_tracestate_and_baggage) {
  const waybill::context parent =
      waybill_test::context_of(sample_trace, "rojo=1,congo=2", "user=a;p=1,plan=b");
  const waybill::context child = parent.new_child();
  EXPECT_EQ(child.tracestate_text(), "rojo=1,congo=2");
  EXPECT_EQ(child.baggage_text(), "user=a;p=1,plan=b");
  EXPECT_NE(child.trace().span(), parent.trace().span());
}

TEST(Ids, ID06_a_child_of_an_invalid_position_is_invalid) {
  EXPECT_FALSE(trace_context().new_child().is_valid());
  EXPECT_EQ(trace_context().new_child(), trace_context());
  const trace_context without_span(sample_trace.trace(), {}, 0x01);
  EXPECT_FALSE(without_span.new_child().is_valid());
  const trace_context without_trace({}, sample_trace.span(), 0x01);
  EXPECT_FALSE(without_trace.new_child().is_valid());
  const waybill::context child = waybill::context().new_child();
  EXPECT_TRUE(child.is_empty());
}

TEST(Ids, ID07_threads_draw_different_ids) {
  constexpr std::size_t threads = 8;
  constexpr std::size_t roots = 1'000;
  std::vector<std::vector<std::string>> drawn(threads);
  std::vector<std::thread> running;
  for (std::vector<std::string>& own : drawn) {
    running.emplace_back([&own] {
      for (std::size_t i = 0; i < roots; ++i) {
        own.push_back(hex_of(trace_context::new_root(true).trace()));
      }
    });
  }
  for (std::thread& each : running) each.join();
  std::set<std::string> all;
  for (const std::vector<std::string>& own : drawn) all.insert(own.begin(), own.end());
  EXPECT_EQ(all.size(), threads * roots);
}

/// The first root a forked child draws, sent through a pipe.
waybill::trace_id root_of_forked_child() {
  std::array<int, 2> pipe_ends{};
  EXPECT_EQ(pipe(pipe_ends.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    const waybill::trace_id drawn = trace_context::new_root(true).trace();
    const bool is_sent = write(pipe_ends[1], drawn.bytes.data(), drawn.bytes.size()) ==
                         static_cast<ssize_t>(drawn.bytes.size());
    _exit(is_sent ? 0 : 1);
  }
  close(pipe_ends[1]);
  waybill::trace_id received;
  EXPECT_EQ(read(pipe_ends[0], received.bytes.data(), received.bytes.size()),
            static_cast<ssize_t>(received.bytes.size()));
  close(pipe_ends[0]);
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  return received;
}

TEST(Ids, ID07_a_forked_child_does_not_go_on_with_its_parents_sequence) {
  // The parent's generator is seeded, so that a child would inherit its state.
  static_cast<void>(trace_context::new_root(true));
  const waybill::trace_id first_child = root_of_forked_child();
  const waybill::trace_id second_child = root_of_forked_child();
  const waybill::trace_id parent = trace_context::new_root(true).trace();
  EXPECT_NE(first_child, second_child);
  EXPECT_NE(first_child, parent);
  EXPECT_NE(second_child, parent);
}

}  // namespace

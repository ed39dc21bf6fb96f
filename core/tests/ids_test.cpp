#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <bitset>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <vector>
#include <waybill/context.hpp>
#include <waybill/span_context.hpp>

#include "support/texts.hpp"

namespace {

using waybill::span_context;
using waybill_test::other_trace;
using waybill_test::sample_trace;

std::string hex_of(const waybill::trace_id& id) { return std::string(id.hex()); }

std::string hex_of(const waybill::span_id& id) { return std::string(id.hex()); }

TEST(Ids, ID01_a_new_root_is_valid_and_sampled_as_asked) {
  for (const bool sampled : {false, true}) {
    const span_context root = span_context::new_root(sampled);
    EXPECT_TRUE(root.is_valid());
    EXPECT_EQ(root.is_sampled(), sampled);
    EXPECT_EQ(root.flags(), sampled ? 0x01 : 0x00);
    EXPECT_FALSE(root.is_remote());
    EXPECT_EQ(root.sampling(),
              sampled ? waybill::sampling_state::accept : waybill::sampling_state::deny);
  }
}

TEST(Ids, ID01_a_new_root_has_the_random_flag_where_it_is_asked_for) {
  for (const bool sampled : {false, true}) {
    EXPECT_FALSE(span_context::new_root(sampled).is_random());
    EXPECT_FALSE(span_context::new_root(sampled, waybill::random_flag::off).is_random());
    const span_context random = span_context::new_root(sampled, waybill::random_flag::on);
    EXPECT_TRUE(random.is_random());
    EXPECT_EQ(random.flags(), sampled ? 0x03 : 0x02);
    EXPECT_EQ(random.is_sampled(), sampled);
    EXPECT_TRUE(random.new_child().is_random());
  }
}

TEST(Ids, ID01_ids_do_not_repeat) {
  constexpr std::size_t roots = 20'000;
  std::set<std::string> traces;
  std::set<std::string> spans;
  for (std::size_t i = 0; i < roots; ++i) {
    const span_context root = span_context::new_root(true);
    traces.insert(hex_of(root.trace_id()));
    spans.insert(hex_of(root.span_id()));
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
    const span_context root = span_context::new_root(true);
    for (std::size_t bit = 0; bit < trace_bits.size(); ++bit) {
      trace_bits[bit] += (root.trace_id().bytes[bit / 8] >> (bit % 8)) & 1;
    }
    for (std::size_t bit = 0; bit < span_bits.size(); ++bit) {
      span_bits[bit] += (root.span_id().bytes[bit / 8] >> (bit % 8)) & 1;
    }
  }
  for (const int set : trace_bits) EXPECT_NEAR(set, roots / 2, 190);
  for (const int set : span_bits) EXPECT_NEAR(set, roots / 2, 190);
}

// The text of an id.

constexpr waybill::trace_id trace_of_digits{{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xfe,
                                             0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10}};
static_assert(trace_of_digits.hex() == "0123456789abcdeffedcba9876543210");
static_assert(waybill::span_id{{0xf0, 0xe1, 0xd2, 0xc3, 0xb4, 0xa5, 0x96, 0x87}}.hex() ==
              "f0e1d2c3b4a59687");
static_assert(waybill::hex_text<32>::size() == 32 && waybill::hex_text<16>::size() == 16);
static_assert(waybill::span_id().hex().c_str()[16] == '\0');
static_assert(std::is_trivially_copyable_v<waybill::hex_text<32>>);

TEST(HexText, may_be_used_as_a_temporary) {
  EXPECT_STREQ(trace_of_digits.hex().c_str(), "0123456789abcdeffedcba9876543210");
  EXPECT_EQ(std::string(sample_trace.span_id().hex()), "b7ad6b7169203331");
  std::array<char, 64> printed{};
  std::snprintf(printed.data(), printed.size(), "<%s>", sample_trace.span_id().hex().c_str());
  EXPECT_STREQ(printed.data(), "<b7ad6b7169203331>");
}

TEST(HexText, is_followed_by_a_NUL_that_does_not_belong_to_it) {
  const auto text = trace_of_digits.hex();
  EXPECT_EQ(text.size(), 32U);
  EXPECT_EQ(std::string_view(text).size(), 32U);
  EXPECT_EQ(text.data(), text.c_str());
  EXPECT_EQ(std::strlen(text.c_str()), 32U);
  EXPECT_EQ(sample_trace.span_id().hex().c_str()[16], '\0');
}

TEST(HexText, is_written_to_a_stream) {
  std::ostringstream out;
  out << sample_trace.trace_id().hex() << ' ' << sample_trace.span_id().hex();
  EXPECT_EQ(out.str(), "0af7651916cd43dd8448eb211c80319c b7ad6b7169203331");
}

TEST(HexText, is_equal_to_the_same_digits) {
  const auto text = sample_trace.span_id().hex();
  EXPECT_EQ(text, sample_trace.span_id().hex());
  EXPECT_NE(text, other_trace.span_id().hex());
  EXPECT_TRUE(text == "b7ad6b7169203331");
  EXPECT_FALSE(text == "b7ad6b716920333") << "shorter";
  EXPECT_FALSE(text == "B7AD6B7169203331") << "upper case";
}

TEST(HexText, says_every_byte_while_running_as_in_constant_expressions) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    waybill::span_id id;
    for (std::size_t place = 0; place < id.bytes.size(); ++place) {
      id.bytes = {};
      id.bytes[place] = static_cast<std::uint8_t>(byte);
      std::string expected(16, '0');
      expected[2 * place] = "0123456789abcdef"[byte / 16];
      expected[2 * place + 1] = "0123456789abcdef"[byte % 16];
      ASSERT_EQ(std::string(id.hex()), expected);
    }
  }
  EXPECT_EQ(std::string(trace_of_digits.hex()), "0123456789abcdeffedcba9876543210");
}

TEST(Ids, ID02_a_new_root_context_has_neither_tracestate_nor_baggage) {
  const waybill::context root = waybill::context::new_root(true);
  EXPECT_TRUE(root.has_trace());
  EXPECT_EQ(root.tracestate_text(), "");
  EXPECT_EQ(root.baggage_text(), "");
}

TEST(Ids, ID03_a_new_child_has_its_parents_trace_and_flags_and_a_span_of_its_own) {
  for (const span_context& parent : {sample_trace, other_trace}) {
    const span_context child = parent.new_child();
    EXPECT_EQ(child.trace_id(), parent.trace_id());
    EXPECT_EQ(child.flags(), parent.flags());
    EXPECT_EQ(child.sampling(), parent.sampling());
    EXPECT_TRUE(child.span_id().is_valid());
    EXPECT_NE(child.span_id(), parent.span_id());
    EXPECT_FALSE(child.is_remote());
    EXPECT_NE(parent.new_child().span_id(), child.span_id());
  }
}

TEST(Ids, ID04_the_random_bit_is_copied_as_it_is) {
  for (std::uint8_t flags = 0; flags <= waybill::flags_known; ++flags) {
    const span_context parent(sample_trace.trace_id(), sample_trace.span_id(), flags);
    EXPECT_EQ(parent.new_child().is_random(), (flags & waybill::flag_random) != 0);
  }
}

TEST(Ids, ID05_a_new_child_keeps_tracestate_and_baggage) {
  const waybill::context parent =
      waybill_test::context_of(sample_trace, "rojo=1,congo=2", "user=a;p=1,plan=b");
  const waybill::context child = parent.new_child();
  EXPECT_EQ(child.tracestate_text(), "rojo=1,congo=2");
  EXPECT_EQ(child.baggage_text(), "user=a;p=1,plan=b");
  EXPECT_NE(child.span_context().span_id(), parent.span_context().span_id());
}

TEST(Ids, ID06_a_child_of_an_invalid_position_is_invalid) {
  EXPECT_FALSE(span_context().new_child().is_valid());
  EXPECT_EQ(span_context().new_child(), span_context());
  const span_context without_span(sample_trace.trace_id(), {}, 0x01);
  EXPECT_FALSE(without_span.new_child().is_valid());
  const span_context without_trace({}, sample_trace.span_id(), 0x01);
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
        own.push_back(hex_of(span_context::new_root(true).trace_id()));
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
    const waybill::trace_id drawn = span_context::new_root(true).trace_id();
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
  static_cast<void>(span_context::new_root(true));
  const waybill::trace_id first_child = root_of_forked_child();
  const waybill::trace_id second_child = root_of_forked_child();
  const waybill::trace_id parent = span_context::new_root(true).trace_id();
  EXPECT_NE(first_child, second_child);
  EXPECT_NE(first_child, parent);
  EXPECT_NE(second_child, parent);
}

}  // namespace

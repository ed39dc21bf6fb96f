#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <waybill/envelope.hpp>
#include <waybill/frame.hpp>

#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::any_destination;
using waybill::direction;
using waybill::envelope_form;
using waybill::errc;
using waybill::frame_header;
using waybill::propagation;
using waybill::propagation_options;

using pair_list = std::vector<std::pair<std::string, std::string>>;

/// A second writing of docs/envelope.md, one bit at a time.
std::uint32_t plain_crc32c(std::string_view bytes) {
  std::uint32_t remainder = 0xffffffff;
  for (const char each : bytes) {
    remainder ^= static_cast<unsigned char>(each);
    for (int bit = 0; bit < 8; ++bit) {
      remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? 0x82f63b78 : 0);
    }
  }
  return ~remainder;
}

std::string number(std::size_t value, int bytes) {
  std::string made;
  for (int i = bytes - 1; i >= 0; --i) made += static_cast<char>(value >> (8 * i));
  return made;
}

std::string block_of(const pair_list& pairs) {
  std::string block;
  for (const auto& [name, value] : pairs) {
    block += number(name.size(), 1) + name + number(value.size(), 2) + value;
  }
  return block;
}

std::string frame_with_block(std::string_view block, std::string_view payload, char version = 1) {
  const std::string checked = version + number(block.size(), 2) + std::string(block);
  return "\xfewbl" + checked + number(plain_crc32c(checked), 4) + std::string(payload);
}

std::string frame_of(const pair_list& pairs, std::string_view payload) {
  return frame_with_block(block_of(pairs), payload);
}

pair_list pairs_of(const waybill::frame_view& frame) {
  pair_list pairs;
  frame.for_each(
      [&](std::string_view name, std::string_view value) { pairs.emplace_back(name, value); });
  return pairs;
}

std::string sent(const waybill::envelope_writer& envelope) {
  std::string text;
  envelope.append_to(text);
  return text;
}

waybill::context sample_context() {
  return context_of(sample_trace, "rojo=00f067aa0ba902b7", "tenant=acme");
}

const pair_list sample_pairs = {{"traceparent", std::string(sample_traceparent)},
                                {"tracestate", "rojo=00f067aa0ba902b7"},
                                {"baggage", "tenant=acme"}};

/// What does not pass as it is, and how often what was counted.
void expect_untouched(std::string_view received, errc code,
                      const propagation& settings = propagation(propagation_options{})) {
  const waybill::unwrapped came =
      waybill::unwrap(envelope_form::frame, received, settings, waybill::any_destination);
  EXPECT_EQ(came.code(), code);
  EXPECT_EQ(came.payload(), received);
  EXPECT_EQ(came.payload().data(), received.data());
  EXPECT_TRUE(came.extraction().context().is_empty());
  EXPECT_EQ(settings.diagnostics()->total(), code == errc::absent ? 0U : 1U);
  EXPECT_EQ(settings.diagnostics()->count(direction::inbound, code),
            code == errc::absent ? 0U : 1U);
}

TEST(Frame, EF01_is_written_byte_for_byte_as_described) {
  const auto out =
      waybill::wrap(envelope_form::frame, "payload", sample_context(), propagation(), "topic");
  EXPECT_EQ(sent(out), frame_of(sample_pairs, "payload"));
  EXPECT_EQ(out.size(), sent(out).size());
  EXPECT_TRUE(out.report().trace && out.report().tracestate && out.report().baggage);
  EXPECT_EQ(out.report().code, errc::ok);
}

TEST(Frame, EF02_has_the_checksum_of_the_known_vectors) {
  // RFC 3720, B.4: 32 bytes of zeros, of ones, and counting up; and the check value of the name.
  EXPECT_EQ(plain_crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(plain_crc32c(std::string(32, '\xff')), 0x62a8ab43U);
  EXPECT_EQ(plain_crc32c("123456789"), 0xe3069283U);
  for (std::size_t bytes = 0; bytes < 300; ++bytes) {
    const pair_list pairs = {{"n", std::string(bytes, static_cast<char>(bytes))}};
    frame_header header;
    header.set("n", pairs[0].second);
    EXPECT_EQ(header.close(), frame_of(pairs, "")) << bytes;
  }
}

TEST(Frame, EF03_a_pair_has_a_name_of_1_to_255_bytes_and_a_value_of_any) {
  for (const auto& pairs : {pair_list{}, pair_list{{"n", ""}},
                            pair_list{{std::string(255, 'n'), std::string(65'277, '\0')}},
                            pair_list{{std::string("\0\xff", 2), "\xfe"}, {"a", "b"}}}) {
    const std::string bytes = frame_of(pairs, "x");
    const auto parsed = waybill::parse_frame(bytes);
    ASSERT_EQ(parsed.error(), errc::ok);
    EXPECT_EQ(pairs_of(*parsed), pairs);
    EXPECT_EQ(parsed->payload(), "x");
  }
  frame_header header;
  header.set("", "v");
  EXPECT_EQ(header.error(), errc::invalid_key);
  header.set(std::string(256, 'n'), "v");
  EXPECT_TRUE(header.is_empty());
}

TEST(Frame, EF03_pairs_that_do_not_fill_the_block_are_no_frame) {
  const std::string good = block_of({{"name", "value"}, {"n", ""}});
  for (std::size_t bytes = 1; bytes < good.size(); ++bytes) {
    if (bytes == 12) continue;  // the first pair alone
    expect_untouched(frame_with_block(good.substr(0, bytes), "payload"), errc::malformed);
  }
  expect_untouched(frame_with_block(std::string_view("\0\0\0", 3), "x"), errc::malformed);
  expect_untouched(frame_with_block(good + '\0', "x"), errc::malformed);
  expect_untouched(frame_with_block(std::string_view("\1n\xff\xffv", 5), "x"), errc::malformed);
}

TEST(Frame, EF04_without_the_magic_there_is_none_and_nothing_is_counted) {
  for (const std::string_view payload :
       {std::string_view(), std::string_view("\xfe"), std::string_view("\xfewb"),
        std::string_view("\xfewbL\1\0\0", 7), std::string_view("{\"a\":1}"),
        std::string_view("\0\0\0\0\1", 5), std::string_view("\x1f\x8b\x08", 3)}) {
    expect_untouched(payload, errc::absent);
  }
}

TEST(Frame, EF05_that_is_cut_off_anywhere_passes_as_it_is) {
  const std::string whole = frame_of(sample_pairs, "");
  for (std::size_t bytes = 4; bytes < whole.size(); ++bytes) {
    SCOPED_TRACE(bytes);
    // A size of 0 follows from cutting nothing: the checksum is what is missing then.
    const std::string cut = whole.substr(0, bytes);
    const propagation settings(propagation_options{});
    const auto came = waybill::unwrap(envelope_form::frame, std::string_view(cut), settings,
                                      waybill::any_destination);
    EXPECT_EQ(came.code(), errc::malformed);
    EXPECT_EQ(came.payload(), cut);
    EXPECT_EQ(settings.diagnostics()->count(direction::inbound, errc::malformed), 1U);
  }
}

TEST(Frame, EF05_of_another_version_passes_as_it_is) {
  for (int version = 0; version < 256; ++version) {
    if (version == 1) continue;
    expect_untouched(frame_with_block("", "x", static_cast<char>(version)), errc::unknown_version);
  }
}

TEST(Frame, EF05_with_any_bit_of_the_header_flipped_passes_as_it_is) {
  const std::string whole = frame_of(sample_pairs, "payload");
  for (std::size_t bit = 0; bit < 8 * (whole.size() - 7); ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const propagation settings(propagation_options{});
    const auto came = waybill::unwrap(envelope_form::frame, std::string_view(flipped), settings,
                                      waybill::any_destination);
    EXPECT_NE(came.code(), errc::ok) << bit;
    EXPECT_EQ(came.payload(), flipped) << bit;
    EXPECT_TRUE(came.extraction().context().is_empty()) << bit;
  }
}

TEST(Frame, EF05_of_a_block_over_the_limit_passes_as_it_is) {
  const std::string block = block_of(sample_pairs);
  waybill::limits limits;
  limits.envelope_block_bytes_max = static_cast<std::uint32_t>(block.size());
  EXPECT_EQ(waybill::unwrap(envelope_form::frame, frame_with_block(block, "x"),
                            propagation({.limits = limits}), any_destination)
                .code(),
            errc::ok);
  limits.envelope_block_bytes_max -= 1;
  expect_untouched(frame_with_block(block, "x"), errc::too_large, propagation({.limits = limits}));
}

TEST(Frame, EF06_is_taken_off_once_and_the_payload_is_a_part_of_what_came) {
  const std::string inner = frame_of({{"traceparent", std::string(other_traceparent)}}, "payload");
  const std::string outer = frame_of(sample_pairs, inner);
  const propagation settings(propagation_options{});
  const auto came = waybill::unwrap(envelope_form::frame, std::string_view(outer), settings,
                                    waybill::any_destination);
  EXPECT_EQ(came.code(), errc::ok);
  EXPECT_EQ(came.payload(), inner);
  EXPECT_EQ(came.payload().data(), outer.data() + outer.size() - inner.size());
  EXPECT_FALSE(came.owns_payload());
  EXPECT_EQ(came.extraction().context(), sample_context());
  EXPECT_EQ(settings.diagnostics()->total(), 0U);
}

TEST(Frame, EF07_is_always_put_around_a_payload_that_begins_like_one) {
  const propagation settings(propagation_options{});
  for (const std::string& payload :
       {std::string("\xfewbl"), std::string("\xfewblx"), frame_of({}, ""),
        frame_of(sample_pairs, "payload"), frame_with_block("", "", 9)}) {
    for (const waybill::context& context : {waybill::context(), sample_context()}) {
      const auto out =
          waybill::wrap(envelope_form::frame, payload, context, settings, waybill::any_destination);
      EXPECT_EQ(sent(out), frame_of(context.is_empty() ? pair_list{} : sample_pairs, payload));
      const std::string received = sent(out);
      const auto came =
          waybill::unwrap(envelope_form::frame, received, settings, waybill::any_destination);
      EXPECT_EQ(came.payload(), payload);
      EXPECT_EQ(came.extraction().context(), context);
    }
  }
}

TEST(Frame, EF08_is_not_put_around_a_payload_without_a_context) {
  for (const std::string_view payload : {"", "x", "\xfe", "\xfewb", "\xfewbx"}) {
    const auto out = waybill::wrap(envelope_form::frame, payload, waybill::context(), propagation(),
                                   waybill::any_destination);
    EXPECT_FALSE(out.is_changed());
    EXPECT_EQ(out.head(), "");
    EXPECT_EQ(out.body().data(), payload.data());
    EXPECT_EQ(out.body().size(), payload.size());
  }
}

TEST(Frame, EF09_is_put_around_an_empty_payload) {
  const auto out = waybill::wrap(envelope_form::frame, "", sample_context(), propagation(),
                                 waybill::any_destination);
  EXPECT_EQ(sent(out), frame_of(sample_pairs, ""));
  const auto came =
      waybill::unwrap(envelope_form::frame, out.head(), propagation(), waybill::any_destination);
  EXPECT_EQ(came.code(), errc::ok);
  EXPECT_TRUE(came.payload().empty());
  EXPECT_FALSE(came.is_null());
}

TEST(Frame, EF10_of_repeated_names_the_last_counts_and_the_lower_case_one_is_preferred) {
  const auto read = [](const pair_list& pairs) {
    const std::string bytes = frame_of(pairs, "");
    return waybill::unwrap(envelope_form::frame, bytes, propagation(), waybill::any_destination)
        .extraction()
        .context();
  };
  const std::string first(sample_traceparent);
  const std::string last(other_traceparent);
  EXPECT_EQ(read({{"traceparent", first}, {"traceparent", last}}).span_context(), other_trace);
  EXPECT_EQ(read({{"traceparent", first}, {"Traceparent", last}}).span_context(), sample_trace);
  EXPECT_EQ(read({{"TRACEPARENT", first}}).span_context(), sample_trace);
}

TEST(Frame, EF10_writing_a_name_again_replaces_every_spelling_of_it) {
  frame_header header;
  header.set("Name", "1");
  header.set("other", "2");
  header.set("NAME", "3");
  EXPECT_EQ(header.close(), frame_of({{"other", "2"}, {"NAME", "3"}}, ""));
  EXPECT_EQ(header.bytes(), header.close());
  header.erase("OTHER");
  EXPECT_EQ(header.bytes(), "") << "what was closed is no longer so";
  EXPECT_EQ(header.close(), frame_of({{"NAME", "3"}}, ""));
}

TEST(Frame, EF11_without_room_for_all_loses_baggage_then_tracestate_then_the_position) {
  // traceparent 69 bytes, tracestate 34, baggage 21
  const std::vector<std::pair<std::uint32_t, std::size_t>> rooms = {
      {124, 3}, {123, 2}, {103, 2}, {102, 1}, {69, 1}, {68, 0}, {0, 0}};
  for (const auto& [room, fields] : rooms) {
    SCOPED_TRACE(room);
    const propagation settings({.limits = {.envelope_block_bytes_max = room}});
    const auto out = waybill::wrap(envelope_form::frame, "x", sample_context(), settings,
                                   waybill::any_destination);
    const pair_list expected(sample_pairs.begin(),
                             sample_pairs.begin() + static_cast<std::ptrdiff_t>(fields));
    EXPECT_EQ(sent(out), fields == 0 ? "x" : frame_of(expected, "x"));
    EXPECT_EQ(out.report().trace, fields > 0);
    EXPECT_EQ(out.report().tracestate, fields > 1);
    EXPECT_EQ(out.report().baggage, fields > 2);
    EXPECT_EQ(settings.diagnostics()->count(direction::outbound, errc::dropped_for_size),
              fields < 3 ? 1U : 0U);
  }
}

TEST(Frame, EF11_a_pair_that_does_not_fit_is_left_out_and_the_others_stay) {
  frame_header header(20);
  header.set("a", "1234567890123456");  // 20 bytes
  EXPECT_EQ(header.error(), errc::ok);
  header.set("b", "");
  EXPECT_EQ(header.error(), errc::dropped_for_size);
  EXPECT_EQ(header.close(), frame_of({{"a", "1234567890123456"}}, ""));

  frame_header largest(1'000'000);
  largest.set("n", std::string(65'532, 'v'));
  EXPECT_TRUE(largest.is_empty()) << "a size has two bytes";
  largest.set("n", std::string(65'531, 'v'));
  EXPECT_EQ(largest.close().size(), 65'535 + waybill::frame_overhead_bytes);
}

TEST(Frame, header_can_be_moved_with_its_pairs) {
  for (const std::size_t bytes : {10U, 1'000U}) {
    const pair_list pairs = {{"name", std::string(bytes, 'v')}};
    frame_header header;
    header.set("name", pairs[0].second);
    static_cast<void>(header.close());
    frame_header moved(std::move(header));
    EXPECT_EQ(moved.bytes(), frame_of(pairs, ""));
    EXPECT_TRUE(header.is_empty());  // NOLINT(bugprone-use-after-move): says what is left
    frame_header assigned;
    assigned.set("other", "value");
    assigned = std::move(moved);
    EXPECT_EQ(assigned.close(), frame_of(pairs, ""));
  }
}

}  // namespace
}  // namespace waybill_test

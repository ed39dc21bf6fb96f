// The library and envelope.py, which was written from docs/envelope.md alone, exchange envelopes:
// each writes the same bytes, each reads what the other wrote, and both agree on what is none.
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <waybill/envelope.hpp>

#include "run.hpp"
#include "support/json_texts.hpp"

namespace waybill_test {
namespace {

using waybill::envelope_form;

using pair_list = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t cases = 4'000;
constexpr std::string_view field_names[] = {"traceparent", "tracestate", "baggage"};

std::string name_of(envelope_form form) {
  if (form == envelope_form::frame) return "frame";
  return form == envelope_form::json_members ? "json-members" : "cloudevents-json";
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text = ".";
  for (const char each : bytes) {
    const auto byte = static_cast<unsigned char>(each);
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

/// Questions for exchange.py, and the answers that the library gives itself.
class exchange {
 public:
  void write(envelope_form form, const std::string& payload, const pair_list& pairs) {
    waybill::envelope_writer out(form, payload, settings_, waybill::any_destination);
    std::string question = "w " + name_of(form) + ' ' + hex(payload);
    for (const auto& [name, value] : pairs) {
      out.set(name, value);
      question += ' ' + hex(name) + '=' + hex(value);
    }
    EXPECT_EQ(out.close(), waybill::errc::ok);
    std::string sent;
    out.append_to(sent);
    if (out.is_changed()) ++changed_;
    add(question, hex(sent));
    read(form, sent);
  }

  void read(envelope_form form, const std::string& received) {
    waybill::envelope_reader in(form, received, settings_, waybill::any_destination);
    EXPECT_EQ(in.strip(), waybill::errc::ok);
    std::string shown;
    std::string_view last;
    std::size_t last_at = 0;
    in.for_each([&](std::string_view name, const waybill::field_value& value) {
      if (in.code() != waybill::errc::ok) return;
      // Of a member that is repeated the first comes in front of the last, which counts.
      if (form != envelope_form::frame && name == last) shown.resize(last_at);
      last = name;
      last_at = shown.size();
      shown += ' ' + hex(name) + '=';
      if (value.kind == waybill::value_kind::text) {
        shown += hex(value.text);
      } else {
        shown += value.kind == waybill::value_kind::null ? "null" : "other";
      }
    });
    const bool is_envelope = in.code() == waybill::errc::ok;
    ++(is_envelope ? read_ : passed_);
    add("r " + name_of(form) + ' ' + hex(received),
        (is_envelope ? "+ " : "- ") + hex(in.payload()) + shown);
  }

  /// Asks all questions at once and compares all answers.
  void expect_same_answers() {
    EXPECT_GT(changed_, cases / 4) << "of what was written too little was changed";
    EXPECT_GT(read_, cases / 4) << "too few were envelopes";
    EXPECT_GT(passed_, cases / 4) << "too few were none";
    const run_result asked =
        run({"python3", "-B", WAYBILL_ENVELOPE_EXCHANGE}, questions_, std::chrono::minutes(2));
    ASSERT_TRUE(asked.succeeded()) << asked.standard_error;
    std::size_t at = 0;
    for (std::size_t i = 0; i < answers_.size(); ++i) {
      const std::size_t end = asked.standard_output.find('\n', at);
      ASSERT_NE(end, std::string::npos) << "answer " << i << " is missing";
      ASSERT_EQ(asked.standard_output.substr(at, end - at), answers_[i]) << asked_[i];
      at = end + 1;
    }
    EXPECT_EQ(at, asked.standard_output.size());
  }

 private:
  void add(const std::string& question, std::string answer) {
    questions_ += question + '\n';
    asked_.push_back(question);
    answers_.push_back(std::move(answer));
  }

  waybill::propagation settings_;
  std::string questions_;
  std::vector<std::string> asked_;
  std::vector<std::string> answers_;
  std::size_t changed_ = 0;
  std::size_t read_ = 0;
  std::size_t passed_ = 0;
};

std::string sent_frame(const std::string& payload, json_texts& random) {
  const waybill::propagation settings;
  waybill::envelope_writer out(envelope_form::frame, payload, settings, waybill::any_destination);
  for (std::size_t i = random.roll(3); i > 0; --i) {
    out.set(std::string(1 + random.roll(3), 'n'), random.bytes(40));
  }
  static_cast<void>(out.close());
  std::string sent;
  out.append_to(sent);
  return sent;
}

TEST(EnvelopeInterop, EF01_EF05_frames_are_written_and_read_alike) {
  json_texts random(1);
  exchange both;
  for (std::size_t i = 0; i < cases; ++i) {
    const std::string payload =
        (random.roll(4) == 0 ? std::string(waybill::frame_magic) : std::string()) +
        random.bytes(60);
    pair_list pairs;
    for (const std::string_view name : field_names) {
      if (random.roll(2) == 0)
        pairs.emplace_back(name, random.bytes(random.roll(20) == 0 ? 900 : 30));
    }
    both.write(envelope_form::frame, payload, pairs);
    std::string other = sent_frame(payload + "x", random);
    other[random.roll(other.size())] ^= static_cast<char>(1 << random.roll(8));
    both.read(envelope_form::frame, other);
    other.resize(random.roll(other.size()));
    both.read(envelope_form::frame, other);
    both.read(envelope_form::frame, random.bytes(40));
  }
  both.expect_same_answers();
}

void exchange_json(envelope_form form, std::uint64_t seed) {
  json_texts random(seed);
  exchange both;
  for (std::size_t i = 0; i < cases; ++i) {
    std::string payload = random.payload(random.roll(2) == 0);
    if (form == envelope_form::cloudevents_json && random.roll(2) == 0) {
      const bool is_empty = payload.find(':') == std::string::npos;
      payload.insert(payload.find('{') + 1,
                     is_empty ? R"("specversion":"1.0")" : R"("specversion" : "1.0",)");
    }
    pair_list pairs;
    for (const std::string_view name : field_names) {
      if (random.roll(3) != 0) pairs.emplace_back(name, random.bytes(20));
    }
    both.write(form, payload, pairs);
    both.read(form, payload);
    both.read(form, random.damaged(payload));
    both.read(form, random.bytes(10));
  }
  for (const std::size_t depth : {998U, 999U, 1'000U}) {
    std::string nested = "{\"traceparent\":\"x\",\"a\":" + std::string(depth, '[');
    nested += std::string(depth, ']') + ",\"specversion\":\"1.0\"}";
    both.read(form, nested);
  }
  both.expect_same_answers();
}

TEST(EnvelopeInterop, EJ01_EJ06_members_are_written_and_read_alike) {
  exchange_json(envelope_form::json_members, 2);
}

TEST(EnvelopeInterop, EC01_EC03_events_are_written_and_read_alike) {
  exchange_json(envelope_form::cloudevents_json, 3);
}

}  // namespace
}  // namespace waybill_test

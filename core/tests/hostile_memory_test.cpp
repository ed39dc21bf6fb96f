// Whatever numbers a stranger chooses, no allocation follows them: headers by the ten thousand,
// members, commas, lengths and escapes cost what the limits allow and no more. In the executable
// that counts every allocation.
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <waybill/baggage.hpp>
#include <waybill/propagation.hpp>
#include <waybill/tracestate.hpp>

#include "support/counted_memory.hpp"
#include "support/texts.hpp"

namespace waybill_test {
namespace {

/// Headers that are views: making them is no allocation of what is measured.
class viewed_headers {
 public:
  viewed_headers(std::vector<std::pair<std::string_view, std::string_view>> headers,
                 waybill::carrier_rules rules)
      : headers_(std::move(headers)), rules_(rules) {}

  template <class F>
  void for_each(F&& visit) const {
    for (const auto& [name, value] : headers_) visit(name, value);
  }
  [[nodiscard]] waybill::carrier_rules rules() const noexcept { return rules_; }
  void set(std::string_view name, std::string_view value) {
    erase(name);
    headers_.emplace_back(name, value);
  }
  void erase(std::string_view name) {
    std::erase_if(headers_, [name](const auto& each) { return each.first == name; });
  }

 private:
  std::vector<std::pair<std::string_view, std::string_view>> headers_;
  waybill::carrier_rules rules_;
};

std::string repeated(std::string_view text, std::size_t times) {
  std::string made;
  made.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) made += text;
  return made;
}

constexpr std::size_t texts_bytes_max =
    waybill::tracestate_bytes_ceiling + waybill::limits{}.baggage_bytes_max;
/// A buffer that grows by doubling takes at most four times what is in it, all its sizes together;
/// the context that keeps the text takes it once more, and again where a boundary renews it.
constexpr std::size_t bytes_max = 6 * texts_bytes_max + 1'024;
constexpr std::size_t allocations_max = 20;

constexpr const char* fields[] = {"traceparent", "tracestate", "baggage"};

/// Takes what is sent as every kind of receiver does, beside a good traceparent and alone.
void expect_bounded(const std::vector<std::pair<std::string_view, std::string_view>>& sent) {
  const waybill::propagation settings(waybill::propagation_options{});
  auto beside_a_trace = sent;
  beside_a_trace.insert(beside_a_trace.begin(), {"traceparent", sample_traceparent});
  for (const auto& headers : {sent, beside_a_trace}) {
    for (const auto duplicates :
         {waybill::duplicate_rule::combine, waybill::duplicate_rule::last,
          waybill::duplicate_rule::first, waybill::duplicate_rule::reject}) {
      SCOPED_TRACE(static_cast<int>(duplicates));
      viewed_headers carrier(headers, {duplicates, waybill::name_rule::prefer_exact});
      const auto expect_within = [](const memory_use& use) {
        EXPECT_LE(use.bytes, bytes_max);
        EXPECT_LE(use.allocations, allocations_max);
      };
      expect_within(memory_use_in(
          [&] { static_cast<void>(waybill::peek(carrier, settings, waybill::any_destination)); }));
      expect_within(memory_use_in([&] {
        static_cast<void>(waybill::extract(carrier, settings, waybill::any_destination));
      }));
      expect_within(memory_use_in([&] {
        const waybill::extraction taken =
            waybill::take(carrier, settings, waybill::any_destination);
        const waybill::context copy = taken.new_child_or_root(true);
        EXPECT_LE(copy.baggage_text().size(), settings.limits().baggage_bytes_max);
      }));
    }
  }
}

TEST(HostileMemory, ten_thousand_headers_cost_no_more_than_one) {
  for (const char* name : fields) {
    SCOPED_TRACE(name);
    std::vector<std::pair<std::string_view, std::string_view>> sent;
    for (int i = 0; i < 10'000; ++i) sent.emplace_back(name, i % 2 == 0 ? "a=1" : " b = 2 ");
    expect_bounded(sent);
    for (auto& header : sent) header.second = sample_traceparent;
    expect_bounded(sent);
    for (auto& header : sent) header.first = "application";
    expect_bounded(sent);
  }
}

TEST(HostileMemory, TS10_BG17_ten_thousand_members_and_commas_cost_what_the_limits_allow) {
  for (const std::string& value :
       {repeated(",", 10'000), repeated(" , ", 10'000), repeated("k=v,", 10'000),
        repeated(" k = v ;p ,", 5'000), repeated("bad,", 10'000), list_of_members(10'000),
        "k=v" + repeated(";p=%41", 10'000), "k=v" + repeated(";", 60'000)}) {
    SCOPED_TRACE(value.substr(0, 20));
    for (const char* name : fields) expect_bounded({{name, value}});
  }
}

TEST(HostileMemory, TP15_TS15_BG20_a_value_of_any_length_costs_what_the_limits_allow) {
  const std::string member_begin = "k=";
  for (const char byte : {'a', ' ', ',', '%', '=', ';', '\0', '\r', '\n', '\t', '\xff'}) {
    SCOPED_TRACE(static_cast<int>(byte));
    for (const std::size_t bytes : {65'000U, 65'536U, 65'537U, 1'000'000U}) {
      const std::string value(bytes, byte);
      for (const char* name : fields) {
        expect_bounded({{name, value}});
        expect_bounded({{name, member_begin + value}});
        expect_bounded({{name, value}, {name, "a=1"}, {name, value}});
      }
    }
  }
}

TEST(HostileMemory, TP15_TS15_BG20_a_hundred_megabytes_cost_no_more_than_the_limits_allow) {
  for (const std::string_view piece : {"k=v,", " ", ",", "%2525"}) {
    SCOPED_TRACE(piece);
    const std::string value = repeated(piece, 100'000'000 / piece.size());
    for (const char* name : fields) expect_bounded({{name, value}});
    const std::string traceparent =
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-" + value;
    expect_bounded({{"traceparent", traceparent}});
  }
}

TEST(HostileMemory, TS04_BG18_keys_of_any_length_cost_what_the_limits_allow) {
  for (const std::size_t bytes : {256U, 257U, 8'190U, 8'191U, 65'000U, 65'536U, 1'000'000U}) {
    const std::string member = std::string(bytes, 'k') + "=v";
    for (const char* name : fields) {
      expect_bounded({{name, member}});
      expect_bounded({{name, "a=1 ," + member + ", b=2"}});
    }
    const std::string name(bytes, 'n');
    expect_bounded({{name, "v"}});
  }
}

TEST(HostileMemory,
     BG09_BG12_decoding_takes_three_times_the_text_at_most_however_deep_its_escapes) {
  const std::size_t value_bytes = 8'000;
  for (const std::string_view piece :
       {"%25", "%2525", "%", "%80", "%C3%28", "%E6%97", "%F0%9F%98"}) {
    const std::string value = "k=" + repeated(piece, value_bytes / piece.size());
    const auto parsed = waybill::baggage::parse(value + ";p=" + "%80");
    const waybill::baggage_view view(parsed.items);
    const auto found = view.find("k");
    ASSERT_TRUE(found.has_value()) << piece;
    const memory_use use = memory_use_in([&] {
      EXPECT_LE(found->value().size(), value_bytes);
      EXPECT_EQ(found->properties().size(), 1U);
    });
    // The decoded bytes once, and once more with U+FFFD in the place of bytes that are no UTF-8.
    EXPECT_LE(use.bytes, 7 * value_bytes) << piece;
    EXPECT_LE(use.allocations, 20U) << piece;
  }
}

TEST(HostileMemory, TS16_BG24_builders_allocate_by_what_is_kept_and_never_by_what_they_refuse) {
  const std::string huge = repeated("v", 10'000'000);
  waybill::tracestate state;
  EXPECT_LE(memory_use_in([&] {
              EXPECT_EQ(state.set("k", huge), waybill::errc::invalid_value);
              EXPECT_EQ(state.set(huge, "v"), waybill::errc::invalid_key);
            }).bytes,
            bytes_max);
  EXPECT_LE(memory_use_in([&] {
              EXPECT_FALSE(waybill::tracestate::parse(huge).has_value());
              EXPECT_EQ(waybill::baggage::parse(huge).status, waybill::errc::too_large);
            }).bytes,
            bytes_max);
}

}  // namespace
}  // namespace waybill_test

// What a stranger may send costs time in proportion to its bytes up to the limits, never to their
// product, and no more beyond them. Times are compared with those of harmless headers.
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <waybill/header_list.hpp>
#include <waybill/propagator.hpp>

#include "support/processor_time.hpp"
#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::header_list;
using waybill::propagator;

constexpr std::size_t repeats = 200'000;

header_list repeated(std::string_view name, std::string_view first, std::string_view then) {
  header_list headers;
  headers.add(name, first);
  for (std::size_t i = 0; i < repeats; ++i) headers.add(name, then);
  return headers;
}

double seconds_to_extract(const header_list& headers) {
  const propagator formats;
  const double before = processor_seconds();
  EXPECT_FALSE(formats.extract(headers).has_trace());
  return processor_seconds() - before;
}

/// What is wrong costs the product of both numbers: seconds. Right is a few milliseconds.
void expect_alike(const header_list& hostile, const header_list& harmless) {
  EXPECT_LT(seconds_to_extract(hostile), 0.5 + 10 * seconds_to_extract(harmless));
}

TEST(HostileTime, TP12_white_space_of_a_long_value_is_not_walked_again_for_every_repeat) {
  const std::string white(65'535, ' ');
  for (const char* name : {"traceparent", "tracestate", "baggage"}) {
    SCOPED_TRACE(name);
    expect_alike(repeated(name, white, ""), repeated(name, "", ""));
    expect_alike(repeated(name, white + "x", "x"), repeated(name, "x", "x"));
  }
}

/// One header that is a view: a value of 100 MB is made once.
struct one_header {
  std::string_view name;
  std::string_view value;
  waybill::carrier_rules rules;

  template <class F>
  void for_each(F&& visit) const {
    visit(name, value);
  }
};

double seconds_to_extract_often(const one_header& header) {
  const propagator formats;
  const double before = processor_seconds();
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(formats.extract(header).has_trace());
  return processor_seconds() - before;
}

TEST(HostileTime, TP15_TS15_BG20_a_hundred_megabytes_take_no_longer_than_what_is_looked_at) {
  constexpr std::size_t bytes = 100'000'000;
  constexpr std::size_t bytes_over_the_limit = 70'000;
  for (const std::string_view piece : {"k=v,", " ", ",", "%2525", "x", "k=v;p;", "bad,"}) {
    std::string value(piece);
    while (value.size() < bytes) value.append(value);
    const std::string_view text(value);
    for (const char* name : {"traceparent", "tracestate", "baggage"}) {
      SCOPED_TRACE(std::string(name) + " of " + std::string(piece));
      for (const waybill::carrier_rules rules : {waybill::http_rules, waybill::broker_rules}) {
        const double over =
            seconds_to_extract_often({name, text.substr(0, bytes_over_the_limit), rules});
        EXPECT_LT(seconds_to_extract_often({name, text, rules}), 0.1 + 10 * over);
      }
    }
  }
}

}  // namespace
}  // namespace waybill_test

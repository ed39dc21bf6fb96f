// The carets of thousands of damaged values, judged by the plain reference parser of core's tests:
// what stands before a caret can still become good, what ends with the byte above it cannot.

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "../../../testing/support/reference/baggage.hpp"
#include "../../../testing/support/reference/tracestate.hpp"
#include "faults.hpp"
#include "headers.hpp"

namespace waybill_test {
namespace {

using generator = std::mt19937;

bool is_good_tracestate(const std::string& text) {
  return reference::read_tracestate({text}).status == waybill::errc::ok;
}
bool is_good_baggage(const std::string& text) {
  return reference::read_baggage({text}, {}).status == waybill::errc::ok;
}
using verdict_function = bool (*)(const std::string& text);

bool can_become_good(const std::string& beginning, verdict_function is_good) {
  for (const char* completion : {"", "1", "=1", ";1"}) {
    if (is_good(beginning + completion)) return true;
  }
  return false;
}

std::size_t below(generator& random, std::size_t bound) { return random() % bound; }

std::string damaged(std::string value, generator& random) {
  constexpr std::string_view bytes(" \t,;=%\"\\-09afAFz\x01\x7f\xc3\xa9\xff+@");
  for (std::size_t times = 1 + below(random, 2); times > 0; --times) {
    const std::size_t at = below(random, value.size() + 1);
    const char byte = bytes[below(random, bytes.size())];
    const std::size_t way = below(random, 3);
    if (way == 0 || at == value.size()) {
      value.insert(at, 1, byte);
    } else if (way == 1) {
      value[at] = byte;
    } else {
      value.erase(at, 1);
    }
  }
  return value;
}

void expect_carets_where_values_go_wrong(const std::string& field,
                                         const std::vector<std::string>& values,
                                         verdict_function is_good) {
  generator random(20'261'121);  // NOLINT(cert-msc51-cpp): the same values in every run
  const waybill::propagator formats;
  std::size_t bad = 0;
  for (int i = 0; i < 3'000; ++i) {
    const std::string value = damaged(values[below(random, values.size())], random);
    waybill::header_list headers;
    headers.add("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    headers.add(field, value);
    const auto seen = waybill::tool::inspect(headers, formats);
    ASSERT_EQ(seen.is_good(), is_good(value)) << value;
    if (seen.is_good()) continue;
    ++bad;
    const auto faults = waybill::tool::find_faults(headers, seen).faults;
    ASSERT_FALSE(faults.empty()) << value;
    ASSERT_TRUE(faults[0].where.has_value()) << value;
    const std::size_t at = faults[0].where->offset;
    EXPECT_TRUE(can_become_good(value.substr(0, at), is_good)) << value << " at " << at;
    // White space is blamed for what follows it; at the end of the value something is missing.
    const std::size_t follows = value.find_first_not_of(" \t", at);
    if (follows == std::string::npos) continue;
    EXPECT_FALSE(can_become_good(value.substr(0, follows + 1), is_good)) << value << " at " << at;
  }
  EXPECT_GT(bad, 500U);
}

TEST(inspect_carets, of_tracestates_stand_at_the_first_byte_that_cannot_be_made_good) {
  expect_carets_where_values_go_wrong(
      "tracestate",
      {"rojo=00f067aa,congo=t61", "a=1, ,b= 2 ,\tc@d/*_-=~!", "k=" + std::string(256, 'v') + ",z=1",
       std::string(256, 'k') + "=v"},
      is_good_tracestate);
}

TEST(inspect_carets, of_baggage_stand_at_the_first_byte_that_cannot_be_made_good) {
  expect_carets_where_values_go_wrong(
      "baggage",
      {"userId=alice,server=DF%2028,isP=false", "k = v ; p ; q = %C3%A9 , k2=", "a=b=c;d=e=f",
       "z=1;p;q=2 ; r"},
      is_good_baggage);
}

}  // namespace
}  // namespace waybill_test

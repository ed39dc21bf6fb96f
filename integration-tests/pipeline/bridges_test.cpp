// A context survives any chain of brokers: each hop sends under the current context, and the
// handler of what was received sends to the next broker.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "legs.hpp"
#include "waybill/current.hpp"

namespace waybill_test {
namespace {

const pairs own_headers{{"content-type", "text/plain"}, {"note", "first"}, {"note", ""}};

waybill::context context_with_everything() {
  waybill::header_list headers;
  headers.add("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03");
  headers.add("tracestate", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
  headers.add("baggage", "city=K%C3%B6ln,list=a%2Cb%3Bc,empty=;property=1");
  return waybill::extract(waybill::reader_ref(headers), {}, waybill::any_destination).context();
}

class bridges : public testing::Test {
 protected:
  static void SetUpTestSuite() { legs = make_legs(); }
  static void TearDownTestSuite() { legs.clear(); }

  /// Sends to the first leg of the way; its handler does so with the rest.
  static void pass(const std::vector<std::size_t>& way, std::size_t at, const parcel& sent,
                   const waybill::context& expected, std::size_t& hops) {
    if (at == way.size()) return;
    leg& next = *legs.at(way[at]);
    SCOPED_TRACE(next.name() + " is hop " + std::to_string(at));
    next.send(sent);
    next.receive([&](const parcel& came) {
      ++hops;
      EXPECT_EQ(waybill::current(), expected);
      EXPECT_EQ(came.body, sent.body);
      EXPECT_EQ(came.headers, next.bare(sent.headers));
      pass(way, at + 1, {own_headers, came.body + '.'}, expected, hops);
    });
  }

  static std::vector<std::unique_ptr<leg>> legs;
};
std::vector<std::unique_ptr<leg>> bridges::legs;

TEST_F(bridges, a_context_survives_every_order_of_the_brokers) {
  const waybill::context sent = context_with_everything();
  ASSERT_FALSE(sent.tracestate_text().empty());
  ASSERT_FALSE(sent.baggage_text().empty());
  std::vector<std::size_t> way(legs.size());
  for (std::size_t i = 0; i < way.size(); ++i) way[i] = i;
  do {
    std::size_t hops = 0;
    {
      const waybill::scope active(sent);
      pass(way, 0, {own_headers, "an order"}, sent, hops);
    }
    EXPECT_EQ(hops, legs.size());
    EXPECT_TRUE(waybill::current().is_empty());
  } while (std::ranges::next_permutation(way).found);
}

TEST_F(bridges, a_context_survives_the_same_broker_twice) {
  const waybill::context sent = context_with_everything();
  for (std::size_t i = 0; i < legs.size(); ++i) {
    std::size_t hops = 0;
    const waybill::scope active(sent);
    pass({i, i, i}, 0, {own_headers, "an order"}, sent, hops);
    EXPECT_EQ(hops, 3U);
  }
}

TEST_F(bridges, a_message_without_a_context_goes_on_without_one) {
  std::size_t hops = 0;
  pass({0, 1, 2, 3}, 0, {own_headers, "an order"}, {}, hops);
  EXPECT_EQ(hops, 4U);
}

}  // namespace
}  // namespace waybill_test

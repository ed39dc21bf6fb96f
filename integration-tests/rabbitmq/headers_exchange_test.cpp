// A headers exchange looks only at the headers that a binding names: fields route nothing else.

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "support/rabbitmq_test.hpp"

namespace waybill_test {
namespace {

class headers_exchange : public rabbitmq_test {
 protected:
  headers_exchange() {
    bare_.declare_exchange(exchange_, "headers");
    type_.add("type", "order");
  }

  std::string bound_by(const amqp_arguments& arguments) {
    std::string queue = new_queue();
    bare_.bind(queue, exchange_, "", arguments);
    return queue;
  }
  /// A message of the type that bindings ask for.
  void publish(const waybill::context& context, const waybill::propagation& settings = {}) {
    waybill::rabbitmq::publisher publisher(connection_, settings);
    const amqp_basic_properties_t properties = type_.properties();
    ASSERT_EQ(publisher.publish({.exchange = exchange_, .properties = &properties},
                                {.context = &context}),
              AMQP_STATUS_OK);
    ASSERT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  }

  std::string exchange_ = unique_queue("headers");
  header_table type_;
};

TEST_F(headers_exchange, routes_messages_with_fields_as_those_without) {
  using arguments = amqp_arguments;
  std::map<std::string, std::uint64_t> expected;  // per queue and message
  for (const std::string match : {"all", "any", "all-with-x", "any-with-x"}) {
    const bool is_any = match.substr(0, 3) == "any";
    expected[bound_by(arguments{{"x-match", match}, {"type", std::string("order")}})] = 1;
    expected[bound_by(arguments{{"x-match", match}, {"type", std::string("bill")}})] = 0;
    expected[bound_by(arguments{
        {"x-match", match}, {"type", std::string("order")}, {"other", std::string("missing")}})] =
        is_any ? 1 : 0;
  }
  publish(waybill::context());
  publish(context_of(1));
  const amqp_basic_properties_t properties = type_.properties();
  bare_.publish(exchange_, "", "without waybill", &properties);
  for (const auto& [queue, messages] : expected) {
    EXPECT_EQ(bare_.messages_in(queue), 3 * messages);
  }
}

TEST_F(headers_exchange, that_is_bound_by_a_fields_name_is_disturbed_unless_nothing_goes_out) {
  const waybill::context context = context_of(2);
  const std::string of_any = bound_by({{"x-match", std::string("any")},
                                       {"type", std::string("bill")},
                                       {"traceparent", traceparent_of(context)}});
  const std::string of_all = bound_by({{"x-match", std::string("all")},
                                       {"type", std::string("order")},
                                       {"traceparent", traceparent_of(context_of(3))}});
  publish(context_of(3));
  EXPECT_EQ(bare_.messages_in(of_all), 1U);
  EXPECT_EQ(bare_.messages_in(of_any), 0U);
  publish(context);
  EXPECT_EQ(bare_.messages_in(of_any), 1U);
  waybill::propagation_options options;
  options.boundary.set(exchange_, {.outbound = waybill::outbound_mode::nothing});
  const waybill::propagation settings(options);
  publish(context, settings);
  publish(context_of(3), settings);
  EXPECT_EQ(bare_.messages_in(of_any), 1U);
  EXPECT_EQ(bare_.messages_in(of_all), 1U);
}

}  // namespace
}  // namespace waybill_test

// A listener that could never hear anything is a mistake: only constructors and functions that take
// an instrumentation take one.
#include <utility>
#include <waybill/kafka/producer.hpp>

using namespace waybill::kafka;

void make(rd_kafka_t* client, const waybill::propagation& settings, const instrumentation& observed,
          delivery_listener listener) {
  const producer without(client, settings);
  const producer with_options(client, settings, {.in_flight_max = 5});
  const producer with_listener(client, settings, observed, listener);
  const producer without_listener(client, settings, observed, {}, {.in_flight_max = 5});
#if WAYBILL_MUST_FAIL == 1
  const producer bad(client, settings, listener);
#elif WAYBILL_MUST_FAIL == 2
  const producer bad(client, settings, [](const delivery_report&) {});
#elif WAYBILL_MUST_FAIL == 3
  const producer bad(client, settings, listener, producer_options{});
#elif WAYBILL_MUST_FAIL == 4
  const producer bad(client, settings, producer_options{}, listener);
#endif
  static_cast<void>(std::move(listener));
}

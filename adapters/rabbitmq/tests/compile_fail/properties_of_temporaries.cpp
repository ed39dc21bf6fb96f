// What goes out points into the properties that were given, and what amqp_basic_publish is given
// points into the object: neither may be a temporary.
#include <waybill/rabbitmq/outgoing_properties.hpp>

using waybill::rabbitmq::outgoing_properties;

amqp_basic_properties_t make_properties();
const amqp_basic_properties_t make_constant_properties();

const amqp_basic_properties_t* send(const waybill::context& mine,
                                    const waybill::propagation& settings) {
  const amqp_basic_properties_t kept = make_properties();
  const outgoing_properties written(mine, kept, settings, waybill::any_destination);
  const outgoing_properties none(mine, nullptr, settings, waybill::any_destination);
  const outgoing_properties later(kept);
  const auto injected = waybill::rabbitmq::inject(mine, kept, settings, {"exchange", "key"}, 4096);
#if WAYBILL_MUST_FAIL == 1
  const outgoing_properties bad(make_properties());
#elif WAYBILL_MUST_FAIL == 2
  const outgoing_properties bad(make_constant_properties());
#elif WAYBILL_MUST_FAIL == 3
  const outgoing_properties bad(mine, make_properties(), settings, waybill::any_destination);
#elif WAYBILL_MUST_FAIL == 4
  static_cast<void>(
      waybill::rabbitmq::inject(mine, make_properties(), settings, waybill::any_destination));
#elif WAYBILL_MUST_FAIL == 5
  return waybill::rabbitmq::inject(mine, kept, settings, waybill::any_destination).get();
#elif WAYBILL_MUST_FAIL == 6
  const outgoing_properties copy(written);
#endif
  return later.get() != nullptr ? written.get() : injected.get();
}

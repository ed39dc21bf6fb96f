// What the accessors of a message return belongs to the message, which must not be a temporary. Its
// context and extraction come from one by value.
#include <type_traits>
#include <waybill/rabbitmq/message.hpp>

using waybill::rabbitmq::message;

static_assert(std::is_same_v<decltype(message().context()), waybill::context>);
static_assert(std::is_same_v<decltype(message().extraction()), waybill::extraction>);

message receive();

bool look() {
  const message kept = receive();
#if WAYBILL_MUST_FAIL == 1
  static_cast<void>(receive().exchange());
#elif WAYBILL_MUST_FAIL == 2
  static_cast<void>(receive().routing_key());
#elif WAYBILL_MUST_FAIL == 3
  static_cast<void>(receive().payload());
#elif WAYBILL_MUST_FAIL == 4
  static_cast<void>(receive().properties());
#elif WAYBILL_MUST_FAIL == 5
  static_cast<void>(receive().counts());
#elif WAYBILL_MUST_FAIL == 6
  static_cast<void>(receive().raw());
#endif
  return kept.exchange() == kept.routing_key() && kept.payload().empty() &&
         &kept.properties() == &kept.raw().message.properties && kept.counts().attempt == 0 &&
         receive().delivery_tag() == 0 && receive().attempt() == 0 && receive();
}

// What the accessors of a message return belongs to the message, which must not be a temporary. Its
// context and extraction come from one by value.
#include <type_traits>
#include <waybill/kafka/consumer.hpp>

using waybill::kafka::message;

static_assert(std::is_same_v<decltype(message().context()), waybill::context>);
static_assert(std::is_same_v<decltype(message().extraction()), waybill::extraction>);

message receive();

bool look() {
  const message kept = receive();
  const waybill::context context = receive().context();
  const waybill::extraction all = receive().extraction();
#if WAYBILL_MUST_FAIL == 1
  static_cast<void>(receive().key());
#elif WAYBILL_MUST_FAIL == 2
  static_cast<void>(receive().payload());
#elif WAYBILL_MUST_FAIL == 3
  static_cast<void>(receive().topic());
#elif WAYBILL_MUST_FAIL == 4
  static_cast<void>(receive().headers());
#elif WAYBILL_MUST_FAIL == 5
  static_cast<void>(receive().raw());
#endif
  return kept.key() == kept.payload() && kept.topic().empty() && kept.headers() == nullptr &&
         kept.raw() == nullptr && context == all.context() && receive().is_message() &&
         receive().partition() == 0 && receive().offset() == 0 && receive();
}

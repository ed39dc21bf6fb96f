// The same on messages of Paho's C++ interface, which are copied because they may be shared.
#include <mqtt/message.h>

#include "support/properties.hpp"
#include "waybill/mqtt/cpp/message.hpp"

namespace waybill_benchmark {
namespace {

::mqtt::const_message_ptr make_message(MQTTProperties list) {
  MQTTAsync_message message = MQTTAsync_message_initializer;
  char payload[] = "payload";
  message.payload = payload;
  message.payloadlen = sizeof(payload) - 1;
  message.properties = list;
  auto made = ::mqtt::message::create("orders", message);
  MQTTProperties_free(&list);
  return made;
}

void inject(benchmark::State& state) {
  const waybill::propagation settings;
  const waybill::context context = make_context();
  const ::mqtt::const_message_ptr message = make_message(make_list(state.range(0)));
  run(state, [&] {
    ::mqtt::const_message_ptr sent = message;
    benchmark::DoNotOptimize(waybill::mqtt::inject(context, sent, settings));
    benchmark::DoNotOptimize(sent);
  });
}
void add_by_hand(benchmark::State& state) {
  const ::mqtt::const_message_ptr message = make_message(make_list(state.range(0)));
  run(state, [&] {
    ::mqtt::properties list(message->get_properties());
    for (const auto& [name, value] : fields) {
      list.add({::mqtt::property::USER_PROPERTY, std::string(name), std::string(value)});
    }
    auto copy = ::mqtt::message::create(message->get_topic_ref(), message->get_payload_ref(),
                                        message->get_qos(), message->is_retained(), list);
    benchmark::DoNotOptimize(copy);
  });
}

void take(benchmark::State& state) {
  const waybill::propagation settings;
  const ::mqtt::const_message_ptr message = make_message(make_full_list());
  run(state, [&] { benchmark::DoNotOptimize(waybill::mqtt::take(message, settings)); });
}
/// Copies the values, and the message without them.
void take_by_hand(benchmark::State& state) {
  const ::mqtt::const_message_ptr message = make_message(make_full_list());
  run(state, [&] {
    const MQTTProperties& list = message->get_properties().c_struct();
    for (const auto& [name, value] : fields) {
      benchmark::DoNotOptimize(std::string(find_by_hand(list, name)));
    }
    ::mqtt::properties others;
    for (int i = 0; i < list.count; ++i) {
      const MQTTLenString& its_name = list.array[i].value.data;
      const std::string_view name(its_name.data, static_cast<std::size_t>(its_name.len));
      bool is_field = false;
      for (const auto& field : fields) is_field |= field.first == name;
      if (!is_field) others.add(::mqtt::property(list.array[i]));
    }
    auto copy = ::mqtt::message::create(message->get_topic_ref(), message->get_payload_ref(),
                                        message->get_qos(), message->is_retained(), others);
    benchmark::DoNotOptimize(copy);
  });
}

BENCHMARK(inject)->Name("waybill/mqtt/message-and-inject")->Arg(0)->Arg(2)->Arg(7);
BENCHMARK(add_by_hand)->Name("by-hand/mqtt/message-and-inject")->Arg(0)->Arg(2)->Arg(7);
BENCHMARK(take)->Name("waybill/mqtt/message-and-take");
BENCHMARK(take_by_hand)->Name("by-hand/mqtt/message-and-take");

}  // namespace
}  // namespace waybill_benchmark

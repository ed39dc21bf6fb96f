// The carrier functions on a property list, beside what Paho's own functions take for the same.
#include "support/properties.hpp"
#include "waybill/mqtt/carrier.hpp"

namespace waybill_benchmark {
namespace {

void extract(benchmark::State& state) {
  const waybill::propagation settings;
  MQTTProperties list = make_full_list();
  run(state, [&] { benchmark::DoNotOptimize(waybill::mqtt::extract(list, settings, "orders")); });
  MQTTProperties_free(&list);
}
/// Finds the three values and does not read them.
void find(benchmark::State& state) {
  MQTTProperties list = make_full_list();
  run(state, [&] {
    for (const auto& [name, value] : fields) benchmark::DoNotOptimize(find_by_hand(list, name));
  });
  MQTTProperties_free(&list);
}

void inject(benchmark::State& state) {
  const waybill::propagation settings;
  const waybill::context context = make_context();
  run(state, [&] {
    MQTTProperties list = make_list(state.range(0));
    waybill::mqtt::inject(context, list, settings, "orders");
    MQTTProperties_free(&list);
  });
}
void add_by_hand(benchmark::State& state) {
  run(state, [&] {
    MQTTProperties list = make_list(state.range(0));
    add_fields(list);
    MQTTProperties_free(&list);
  });
}

/// The properties of a message that came, without the fields.
void strip(benchmark::State& state) {
  const waybill::propagation settings;
  MQTTProperties full = make_full_list();
  run(state, [&] {
    MQTTProperties list = MQTTProperties_copy(&full);
    waybill::mqtt::strip(list, settings, waybill::any_destination);
    MQTTProperties_free(&list);
  });
  MQTTProperties_free(&full);
}
/// Paho removes nothing: what is to stay is added to another list.
void copy_others_by_hand(benchmark::State& state) {
  MQTTProperties full = make_full_list();
  run(state, [&] {
    MQTTProperties list = MQTTProperties_copy(&full);
    MQTTProperties others = MQTTProperties_initializer;
    for (int i = 0; i < list.count; ++i) {
      const MQTTProperty& each = list.array[i];
      const std::string_view name(each.value.data.data,
                                  static_cast<std::size_t>(each.value.data.len));
      bool is_field = false;
      for (const auto& field : fields) is_field |= field.first == name;
      if (!is_field) MQTTProperties_add(&others, &each);
    }
    MQTTProperties_free(&list);
    MQTTProperties_free(&others);
  });
  MQTTProperties_free(&full);
}

BENCHMARK(extract)->Name("waybill/mqtt/extract");
BENCHMARK(find)->Name("by-hand/mqtt/find");
BENCHMARK(inject)->Name("waybill/mqtt/list-and-inject")->Arg(0)->Arg(2)->Arg(7);
BENCHMARK(add_by_hand)->Name("by-hand/mqtt/list-and-inject")->Arg(0)->Arg(2)->Arg(7);
BENCHMARK(strip)->Name("waybill/mqtt/copy-and-strip");
BENCHMARK(copy_others_by_hand)->Name("by-hand/mqtt/copy-and-strip");

}  // namespace
}  // namespace waybill_benchmark

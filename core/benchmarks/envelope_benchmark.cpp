// The envelope by the size of the payload: a name is waybill/envelope/form/work/bytes.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "support/allocations.hpp"
#include "support/texts.hpp"
#include "waybill/envelope.hpp"

namespace waybill_benchmark {
namespace {

using waybill::envelope_form;

waybill::context sample_context() {
  return waybill_test::context_of(waybill_test::sample_trace,
                                  "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
                                  "userId=alice,serverNode=DF28,isProduction=false");
}

/// Of about so many bytes: orders in a list, as a service writes them.
std::string payload_of(envelope_form form, std::size_t bytes) {
  if (form == envelope_form::frame) return std::string(bytes, 'x');
  std::string text = R"({"specversion":"1.0","id":"1","data":[)";
  while (text.size() + 60 < bytes) {
    text += R"({"item":"paper, A4","count":12,"price":3.95,"gift":false},)";
  }
  return text + "null]}";
}

void wrap(benchmark::State& state, envelope_form form) {
  const waybill::propagation settings(waybill::propagation_options{});
  const waybill::context context = sample_context();
  const std::string payload = payload_of(form, static_cast<std::size_t>(state.range(0)));
  if (!waybill::wrap(form, payload, context, settings, waybill::any_destination).is_changed()) {
    state.SkipWithError("nothing was written");
  }
  const allocation_counter allocations;
  for (auto _ : state) {
    const waybill::envelope_writer sent =
        waybill::wrap(form, payload, context, settings, waybill::any_destination);
    benchmark::DoNotOptimize(sent.head().data());
  }
  allocations.report(state);
}

void unwrap(benchmark::State& state, envelope_form form) {
  const waybill::propagation settings(waybill::propagation_options{});
  const waybill::context context = sample_context();
  const std::string payload = payload_of(form, static_cast<std::size_t>(state.range(0)));
  std::string received;
  waybill::wrap(form, payload, context, settings, waybill::any_destination).append_to(received);
  const auto first = waybill::unwrap(form, received, settings, waybill::any_destination);
  const bool stays = form == envelope_form::cloudevents_json;
  if (first.payload() != (stays ? received : payload) ||
      first.extraction().sender() != context.span_context()) {
    state.SkipWithError("something else was read");
  }
  const allocation_counter allocations;
  for (auto _ : state) {
    const waybill::unwrapped came =
        waybill::unwrap(form, std::string_view(received), settings, waybill::any_destination);
    benchmark::DoNotOptimize(came.payload().data());
  }
  allocations.report(state);
}

/// A payload that is no envelope, where there might be one.
void pass(benchmark::State& state, envelope_form form) {
  const waybill::propagation settings(waybill::propagation_options{});
  const std::string payload = payload_of(form, static_cast<std::size_t>(state.range(0)));
  const allocation_counter allocations;
  for (auto _ : state) {
    const waybill::unwrapped came =
        waybill::unwrap(form, std::string_view(payload), settings, waybill::any_destination);
    benchmark::DoNotOptimize(came.payload().data());
  }
  allocations.report(state);
}

[[maybe_unused]] const bool registered = [] {
  struct named_form {
    const char* name;
    envelope_form form;
  };
  for (const named_form each : {named_form{"frame", envelope_form::frame},
                                named_form{"json-members", envelope_form::json_members},
                                named_form{"cloudevents-json", envelope_form::cloudevents_json}}) {
    const std::string name = std::string("waybill/envelope/") + each.name;
    const auto add = [&](const char* work, void (*call)(benchmark::State&, envelope_form)) {
      benchmark::RegisterBenchmark((name + '/' + work).c_str(), call, each.form)
          ->Arg(100)
          ->Arg(10'000)
          ->Arg(1'000'000);
    };
    add("wrap", &wrap);
    add("unwrap", &unwrap);
    add("pass", &pass);
  }
  return true;
}();

}  // namespace
}  // namespace waybill_benchmark

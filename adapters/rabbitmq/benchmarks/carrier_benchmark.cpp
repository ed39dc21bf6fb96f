// The carrier functions on tables of rabbitmq-c, beside code that does the same by hand. No message
// is sent; what rabbitmq-c's own encoder takes is told alone.
#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "support/allocations.hpp"
#include "waybill/header_list.hpp"
#include "waybill/rabbitmq/attempts.hpp"
#include "waybill/rabbitmq/carrier.hpp"
#include "waybill/rabbitmq/outgoing_properties.hpp"

namespace waybill_benchmark {
namespace {

using waybill::rabbitmq::bytes_of;
using waybill::rabbitmq::text_of;

constexpr std::string_view traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr std::string_view tracestate = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE";
constexpr std::string_view baggage = "userId=alice,serverNode=DF28,isProduction=false";
constexpr std::array<std::string_view, 3> field_names{"traceparent", "tracestate", "baggage"};
constexpr std::size_t frame_max = 131'072;

waybill::context make_context() {
  waybill::header_list headers;
  headers.add("traceparent", traceparent);
  headers.add("tracestate", tracestate);
  headers.add("baggage", baggage);
  return waybill::propagator().extract(headers);
}

amqp_table_entry_t entry_of(std::string_view name, std::string_view text) {
  amqp_table_entry_t entry{};
  entry.key = bytes_of(name);
  entry.value.kind = AMQP_FIELD_KIND_UTF8;
  entry.value.value.bytes = bytes_of(text);
  return entry;
}

/// The properties an application keeps for its messages, and gives to every publish.
class application_properties {
 public:
  application_properties(std::int64_t count, bool has_fields) {
    for (std::int64_t i = 0; i < count; ++i) names_.push_back("x-header-" + std::to_string(i));
    for (const std::string& each : names_) entries_.push_back(entry_of(each, "application value"));
    if (has_fields) {
      entries_.push_back(entry_of("traceparent", traceparent));
      entries_.push_back(entry_of("tracestate", tracestate));
      entries_.push_back(entry_of("baggage", baggage));
    }
    properties_._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG;
    if (!entries_.empty()) properties_._flags |= AMQP_BASIC_HEADERS_FLAG;
    properties_.content_type = bytes_of("application/json");
    properties_.delivery_mode = 2;
    properties_.headers = {static_cast<int>(entries_.size()), entries_.data()};
  }
  [[nodiscard]] const amqp_basic_properties_t& get() const noexcept { return properties_; }
  [[nodiscard]] const std::vector<amqp_table_entry_t>& entries() const noexcept { return entries_; }

 private:
  std::vector<std::string> names_;
  std::vector<amqp_table_entry_t> entries_;
  amqp_basic_properties_t properties_{};
};

template <class F>
void run(benchmark::State& state, F&& work) {
  allocation_counter allocations;
  for (auto _ : state) work();
  allocations.report(state);
}

char* write_hex(char* to, const std::uint8_t* bytes, std::size_t count) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (std::size_t i = 0; i < count; ++i) {
    *to++ = digits[bytes[i] >> 4U];
    *to++ = digits[bytes[i] & 0x0fU];
  }
  return to;
}

/// What careful code does that knows nothing of waybill: a table of its own, because the
/// application's is used again, with a traceparent made of the span's ids.
class sent_by_hand {
 public:
  sent_by_hand(const amqp_basic_properties_t& given, const waybill::context& context)
      : properties_(given) {
    const waybill::span_context& trace = context.span_context();
    char* end = text_.data();
    *end++ = '0';
    *end++ = '0';
    *end++ = '-';
    end = write_hex(end, trace.trace_id().bytes.data(), 16);
    *end++ = '-';
    end = write_hex(end, trace.span_id().bytes.data(), 8);
    *end++ = '-';
    *end++ = '0';
    *end++ = trace.is_sampled() ? '1' : '0';
    const auto count = static_cast<std::size_t>(given.headers.num_entries);
    entries_.reserve(count + field_names.size());
    entries_.assign(given.headers.entries, given.headers.entries + count);
    entries_.push_back(entry_of("traceparent", {text_.data(), text_.size()}));
    entries_.push_back(entry_of("tracestate", context.tracestate_text()));
    entries_.push_back(entry_of("baggage", context.baggage_text()));
    properties_._flags |= AMQP_BASIC_HEADERS_FLAG;
    properties_.headers = {static_cast<int>(entries_.size()), entries_.data()};
  }
  [[nodiscard]] const amqp_basic_properties_t* get() const noexcept { return &properties_; }

 private:
  std::array<char, 55> text_;
  std::vector<amqp_table_entry_t> entries_;
  amqp_basic_properties_t properties_;
};

void inject(benchmark::State& state) {
  const waybill::propagation settings;
  const waybill::context context = make_context();
  const application_properties own(state.range(0), false);
  run(state, [&] {
    const auto sent = waybill::rabbitmq::inject(context, own.get(), settings, {"orders", "key"});
    benchmark::DoNotOptimize(sent.get());
    benchmark::ClobberMemory();
  });
}
void inject_by_hand(benchmark::State& state) {
  const waybill::context context = make_context();
  const application_properties own(state.range(0), false);
  run(state, [&] {
    const sent_by_hand sent(own.get(), context);
    benchmark::DoNotOptimize(sent.get());
    benchmark::ClobberMemory();
  });
}
/// The same with a frame_max to keep to, which nobody does by hand.
void inject_within_frame(benchmark::State& state) {
  const waybill::propagation settings;
  const waybill::context context = make_context();
  const application_properties own(state.range(0), false);
  run(state, [&] {
    const auto sent =
        waybill::rabbitmq::inject(context, own.get(), settings, {"orders", "key"}, frame_max);
    benchmark::DoNotOptimize(sent.get());
    benchmark::ClobberMemory();
  });
}

/// The last value of each name; it is not read.
void find_by_hand(benchmark::State& state) {
  const application_properties own(2, true);
  run(state, [&] {
    for (const std::string_view name : field_names) {
      std::string_view found;
      for (const amqp_table_entry_t& each : own.entries()) {
        if (text_of(each.key) == name && each.value.kind == AMQP_FIELD_KIND_UTF8) {
          found = text_of(each.value.value.bytes);
        }
      }
      benchmark::DoNotOptimize(found);
    }
  });
}
void extract(benchmark::State& state) {
  const waybill::propagation settings;
  const application_properties own(2, true);
  run(state,
      [&] { benchmark::DoNotOptimize(waybill::rabbitmq::extract(own.get(), settings, "orders")); });
}
void peek(benchmark::State& state) {
  const waybill::propagation settings;
  const application_properties own(2, true);
  run(state,
      [&] { benchmark::DoNotOptimize(waybill::rabbitmq::peek(own.get(), settings, "orders")); });
}

/// A table as it was received: strip works in place, so each iteration gets a copy.
struct received {
  explicit received(const application_properties& own) : properties(own.get()) {
    std::memcpy(entries.data(), own.entries().data(),
                own.entries().size() * sizeof(amqp_table_entry_t));
    properties.headers.entries = entries.data();
  }
  std::array<amqp_table_entry_t, 8> entries;
  amqp_basic_properties_t properties;
};
void strip(benchmark::State& state) {
  const waybill::propagation settings;
  const application_properties own(2, true);
  run(state, [&] {
    received message(own);
    waybill::rabbitmq::strip(message.properties, settings);
    benchmark::DoNotOptimize(message.properties.headers.num_entries);
    benchmark::ClobberMemory();
  });
}
void strip_by_hand(benchmark::State& state) {
  const application_properties own(2, true);
  run(state, [&] {
    received message(own);
    amqp_table_t& table = message.properties.headers;
    int kept = 0;
    for (int i = 0; i < table.num_entries; ++i) {
      bool is_field = false;
      for (const std::string_view name : field_names) {
        is_field |= text_of(table.entries[i].key) == name;
      }
      if (!is_field) table.entries[kept++] = table.entries[i];
    }
    table.num_entries = kept;
    benchmark::DoNotOptimize(message.properties.headers.num_entries);
    benchmark::ClobberMemory();
  });
}

void frame_size(benchmark::State& state) {
  const application_properties own(10, true);
  run(state, [&] { benchmark::DoNotOptimize(waybill::rabbitmq::header_frame_bytes(own.get())); });
}
void encode(benchmark::State& state) {
  const application_properties own(10, true);
  std::vector<char> buffer(frame_max);
  run(state, [&] {
    amqp_basic_properties_t properties = own.get();
    benchmark::DoNotOptimize(amqp_encode_properties(AMQP_BASIC_CLASS, &properties,
                                                    bytes_of({buffer.data(), buffer.size()})));
  });
}
void count_deliveries(benchmark::State& state) {
  const application_properties own(10, true);
  run(state, [&] {
    benchmark::DoNotOptimize(waybill::rabbitmq::count_deliveries(own.get(), "orders", false));
  });
}

BENCHMARK(inject)->Name("waybill/rabbitmq/inject")->Arg(0)->Arg(3)->Arg(10);
BENCHMARK(inject_by_hand)->Name("by-hand/rabbitmq/inject")->Arg(0)->Arg(3)->Arg(10);
BENCHMARK(inject_within_frame)
    ->Name("waybill/rabbitmq/inject-within-frame")
    ->Arg(0)
    ->Arg(3)
    ->Arg(10);
BENCHMARK(extract)->Name("waybill/rabbitmq/extract");
BENCHMARK(peek)->Name("waybill/rabbitmq/peek");
BENCHMARK(find_by_hand)->Name("by-hand/rabbitmq/find");
BENCHMARK(strip)->Name("waybill/rabbitmq/strip");
BENCHMARK(strip_by_hand)->Name("by-hand/rabbitmq/strip");
BENCHMARK(frame_size)->Name("waybill/rabbitmq/frame-size");
BENCHMARK(encode)->Name("by-hand/rabbitmq/encode");
BENCHMARK(count_deliveries)->Name("waybill/rabbitmq/count-deliveries");

}  // namespace
}  // namespace waybill_benchmark

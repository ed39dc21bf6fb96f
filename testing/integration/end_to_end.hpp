#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "waybill/header_list.hpp"
#include "waybill/propagator.hpp"

/// What the programs that tools/dev/end-to-end runs have in common. Each sends and receives the
/// same messages with waybill's wrappers and by hand, in turns. Such a program is no test: it
/// prints a line for each run, and what the lines say is judged by the script.
///
///     PROGRAM PAIRS MESSAGES VALUE_BYTES
///
/// A line: wrapped or by-hand, processor seconds and seconds of sending, the same of receiving.
/// Both programs end with what they need to pass the context on: the wrapped one with a context,
/// the other one with copies of the three values, which it does not look into.
namespace waybill_test {

inline constexpr std::string_view traceparent =
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
inline constexpr std::string_view tracestate = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE";
inline constexpr std::string_view baggage = "userId=alice,serverNode=DF28,isProduction=false";

/// What the three values say.
inline waybill::context sent_context() {
  waybill::header_list headers;
  headers.add("traceparent", traceparent);
  headers.add("tracestate", tracestate);
  headers.add("baggage", baggage);
  return waybill::propagator().extract(headers);
}

/// Copies of the three values, as code keeps them that passes them on.
class kept_values {
 public:
  void look_at(std::string_view name, std::string_view value) {
    if (name == "traceparent") {
      traceparent_ = value;
    } else if (name == "tracestate") {
      tracestate_ = value;
    } else if (name == "baggage") {
      baggage_ = value;
    }
  }
  [[nodiscard]] bool is_complete() const {
    return !traceparent_.empty() && !tracestate_.empty() && !baggage_.empty();
  }

 private:
  std::string traceparent_;
  std::string tracestate_;
  std::string baggage_;
};

inline bool is_complete(const waybill::context& context) {
  return context.has_trace() && !context.tracestate_text().empty() && context.has_baggage();
}

struct cost {
  double processor_seconds = 0;
  double seconds = 0;
};

/// What this process, all its threads included, takes for some work. The broker is another one.
class meter {
 public:
  [[nodiscard]] cost so_far() const {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin_;
    return {processor() - processor_, passed.count()};
  }

 private:
  static double processor() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
  }

  double processor_ = processor();
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// The messages of one run.
struct load {
  std::uint64_t messages = 0;
  std::size_t value_bytes = 0;
};

/// `Program`: made of a load; send(is_wrapped) and receive(is_wrapped) answer their cost, and throw
/// if a message is lost or comes without its three values.
template <class Program>
void run_pairs(std::uint64_t pairs, const load& each) {
  Program program(each);
  const auto run = [&](bool is_wrapped) {
    const cost sent = program.send(is_wrapped);
    const cost received = program.receive(is_wrapped);
    std::cout << (is_wrapped ? "wrapped " : "by-hand ") << sent.processor_seconds << ' '
              << sent.seconds << ' ' << received.processor_seconds << ' ' << received.seconds
              << std::endl;
  };
  // Brokers get faster for a while; the first pair is not looked at by the script.
  for (std::uint64_t i = 0; i <= pairs; ++i) {
    const bool begins_wrapped = i % 2 == 0;
    run(begins_wrapped);
    run(!begins_wrapped);
  }
}

/// The whole main().
template <class Program>
int end_to_end_main(int argc, char** argv) {
  try {
    if (argc != 4) {
      throw std::runtime_error(std::string("usage: ") + argv[0] + " PAIRS MESSAGES VALUE_BYTES");
    }
    run_pairs<Program>(std::stoull(argv[1]), {std::stoull(argv[2]), std::stoull(argv[3])});
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return EXIT_FAILURE;
  }
}

}  // namespace waybill_test

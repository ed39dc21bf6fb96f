#pragma once

#include <string>
#include <vector>

#include "facts.hpp"

namespace order_pipeline {

/// What is wrong with one order: a hop that lost the context, a field that the application saw, a
/// header that changed on the way.
struct verdict {
  std::vector<std::string> problems;
  std::size_t fields_leaked = 0;
  /// The services that the order's trace runs through, in order.
  std::vector<std::string> services;
};

[[nodiscard]] verdict judge(const run_facts& facts, const order_facts& order);

}  // namespace order_pipeline

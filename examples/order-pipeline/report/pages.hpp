#pragma once

#include <iosfwd>

#include "checks.hpp"
#include "facts.hpp"
#include "terminal.hpp"

namespace order_pipeline {

/// One order, hop by hop: what was on the wire, what the application saw, and the trace as a tree.
void print_order(std::ostream& out, const terminal& look, const run_facts& facts,
                 const order_facts& order);

}  // namespace order_pipeline

// Shows what a run of the pipeline logged and judges it: report FOLDER STAGES ORDER...
// STAGES such as "gateway,warehouse=orders,billing=shipments": the services in order, each with the
// topic or queue that it reads.
// Ends with 0 only if every order is one trace through all its services and no application saw a
// field of the context.

#include <exception>
#include <iostream>
#include <stdexcept>

#include "checks.hpp"
#include "facts.hpp"
#include "pages.hpp"
#include "terminal.hpp"

namespace {

using namespace order_pipeline;  // NOLINT(google-build-using-namespace): this program's own

std::string joined(const std::vector<std::size_t>& numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0) text += i + 1 == numbers.size() ? " and " : ", ";
    text += std::to_string(numbers[i]);
  }
  return text;
}

int report(const std::string& folder, std::string_view stages,
           const std::vector<std::string>& orders) {
  const terminal look;
  const run_facts facts = read_facts(folder, read_stages(stages), orders);
  std::vector<std::string> problems;
  std::vector<std::size_t> services;
  std::size_t fields_leaked = 0;
  for (const order_facts& order : facts.orders) {
    print_order(std::cout, look, facts, order);
    const verdict reached = judge(facts, order);
    problems.insert(problems.end(), reached.problems.begin(), reached.problems.end());
    services.push_back(reached.services.size());
    fields_leaked += reached.fields_leaked;
  }
  std::cout << '\n';
  for (const std::string& problem : problems) {
    std::cout << look.bad("FAILED") << "  " << problem << '\n';
  }
  if (!problems.empty()) {
    std::cout << look.bad("the context was not carried as it should be: " +
                          std::to_string(problems.size()) + " problems, " +
                          std::to_string(fields_leaked) + " fields leaked")
              << '\n';
    return 1;
  }
  std::cout << look.good("each of " + std::to_string(orders.size()) + " orders is one trace over " +
                         joined(services) + " services, " + std::to_string(fields_leaked) +
                         " fields leaked")
            << '\n';
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 4) throw std::runtime_error("usage: report FOLDER STAGES ORDER...");
  return report(argv[1], argv[2], std::vector<std::string>(argv + 3, argv + argc));
} catch (const std::exception& error) {
  std::cerr << "report: " << error.what() << '\n';
  return 1;
}

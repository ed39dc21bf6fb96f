#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "command.hpp"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  try {
    std::vector<std::string> arguments;
    if (argc > 0) arguments.assign(argv + 1, argv + argc);
    return waybill::tool::run(std::move(arguments), std::cin, std::cout, std::cerr);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "waybill: %s\n", error.what());
    return waybill::tool::exit_failed;
  }
}

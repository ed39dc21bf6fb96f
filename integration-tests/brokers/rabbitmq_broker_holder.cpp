// Starts a broker, says where it is, and holds it until standard input ends.
// A test kills this program to see that its broker dies with it.

#include <exception>
#include <iostream>
#include <limits>

#include "rabbitmq_broker.hpp"

int main() {
  try {
    const waybill_test::rabbitmq_broker broker;
    std::cout << broker.process_id() << ' ' << broker.address().port << std::endl;
    std::cin.ignore(std::numeric_limits<std::streamsize>::max());
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}

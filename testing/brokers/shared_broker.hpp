#pragma once

#include <gtest/gtest.h>

#include <exception>
#include <memory>

namespace waybill_test {

/// One Broker for all tests of an executable: started when it is first asked for, and ended when
/// the tests have run; where they are ended by exit, the static object ends it.
/// @par Errors  Throws as Broker does. A start that failed is not tried again: every later call
///              throws the same error at once.
/// @par Threads Any, one call at a time.
template <typename Broker>
class shared_broker {
 public:
  static Broker& get() {
    static_cast<void>(ending_with_the_tests);  // else the template leaves it out
    state& shared = only();
    if (shared.failure) std::rethrow_exception(shared.failure);
    if (!shared.broker) {
      try {
        shared.broker = std::make_unique<Broker>();
      } catch (...) {
        shared.failure = std::current_exception();
        throw;
      }
    }
    return *shared.broker;
  }

 private:
  struct state {
    std::unique_ptr<Broker> broker;
    std::exception_ptr failure;
  };
  class ending : public testing::Environment {
   public:
    void TearDown() override { only() = {}; }
  };

  static state& only() {
    static state instance;
    return instance;
  }
  static inline const testing::Environment* const ending_with_the_tests =
      testing::AddGlobalTestEnvironment(new ending);
};

}  // namespace waybill_test

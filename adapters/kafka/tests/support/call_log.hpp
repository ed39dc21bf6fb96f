#pragma once

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace waybill_test {

/// What was called, with what. Recorders note the address of what they get by reference.
class call_log {
 public:
  template <class... Arguments>
  void note(std::string_view function, const Arguments&... arguments) {
    calls_.push_back(text(function, arguments...));
  }
  /// That one call came since the last time: this one.
  template <class... Arguments>
  void expect_only(std::string_view function, const Arguments&... arguments) {
    EXPECT_EQ(calls_, std::vector<std::string>{text(function, arguments...)});
    calls_.clear();
  }
  void clear() { calls_.clear(); }
  [[nodiscard]] const std::vector<std::string>& calls() const { return calls_; }

 private:
  template <class... Arguments>
  static std::string text(std::string_view function, const Arguments&... arguments) {
    std::ostringstream made;
    made << function;
    ((made << ' ' << arguments), ...);
    return made.str();
  }

  std::vector<std::string> calls_;
};

/// A pointer that says only which one it is: nothing of its type is there.
template <class T>
T* token(int which = 0) {
  static char places[8];
  return static_cast<T*>(static_cast<void*>(&places[which]));
}

/// What the recorders answer.
inline constexpr int number_answer = 4'711;
inline constexpr const char* text_answer = "an answer";

}  // namespace waybill_test

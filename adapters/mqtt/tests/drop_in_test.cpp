// How the drop-in clients wait until a deadline, by a clock that stands still unless it is told.

#include "waybill/mqtt/cpp/drop_in.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <vector>

namespace waybill::mqtt {
namespace {

using namespace std::chrono_literals;

struct still_clock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<still_clock>;

  static time_point now() noexcept { return current; }
  static inline time_point current{};
};

class wait_until : public testing::Test {
 protected:
  // As Paho's queue: waits for a message, and anew when the connection comes up meanwhile.
  bool wait_for(std::chrono::nanoseconds patience) {
    asked_.push_back(patience);
    auto end = still_clock::now() + patience;
    if (closes_at_ && *closes_at_ < end) {
      advance_to(*closes_at_);
      return false;
    }
    if (connects_at_ && *connects_at_ < end) {
      advance_to(*connects_at_);
      connects_at_.reset();
      end = still_clock::now() + patience;
    }
    if (comes_at_ && *comes_at_ <= end) {
      advance_to(*comes_at_);
      return true;
    }
    advance_to(end);
    return false;
  }
  bool wait() {
    return detail::wait_until(deadline_, [this](const auto& part) { return wait_for(part); });
  }

  const still_clock::time_point begin_ = still_clock::now();
  const still_clock::time_point deadline_ = begin_ + 30s;
  std::optional<still_clock::time_point> comes_at_;
  std::optional<still_clock::time_point> connects_at_;
  std::optional<still_clock::time_point> closes_at_;
  std::vector<std::chrono::nanoseconds> asked_;

 private:
  static void advance_to(still_clock::time_point when) {
    if (when > still_clock::current) still_clock::current = when;
  }
};

TEST_F(wait_until, ends_when_what_is_waited_for_comes) {
  comes_at_ = begin_ + 20s;
  EXPECT_TRUE(wait());
  EXPECT_EQ(still_clock::now(), begin_ + 20s);
}

TEST_F(wait_until, ends_at_the_deadline_and_wakes_seldom) {
  EXPECT_FALSE(wait());
  EXPECT_EQ(still_clock::now(), deadline_);
  EXPECT_LT(asked_.size(), 20U);
}

TEST_F(wait_until, ends_at_the_deadline_when_a_connection_has_come_up_meanwhile) {
  connects_at_ = begin_ + 14s;
  EXPECT_FALSE(wait());
  EXPECT_EQ(still_clock::now(), deadline_);
}

TEST_F(wait_until, ends_at_once_when_nothing_comes_any_more) {
  closes_at_ = begin_ + 10s;
  EXPECT_FALSE(wait());
  EXPECT_EQ(still_clock::now(), begin_ + 10s);
  EXPECT_LE(asked_.size(), 2U);
}

TEST_F(wait_until, ends_at_the_deadline_of_a_clock_that_is_set_back_meanwhile) {
  bool is_set_back = false;
  EXPECT_FALSE(detail::wait_until(deadline_, [&](const auto& part) {
    const bool came = wait_for(part);
    if (!is_set_back) still_clock::current -= 5s;
    is_set_back = true;
    return came;
  }));
  EXPECT_EQ(still_clock::now(), deadline_);
}

TEST_F(wait_until, takes_a_deadline_that_never_comes) {
  comes_at_ = begin_ + 20s;
  EXPECT_TRUE(detail::wait_until(still_clock::time_point::max(),
                                 [this](const auto& part) { return wait_for(part); }));
}

TEST_F(wait_until, of_the_past_takes_what_is_there) {
  comes_at_ = begin_;
  still_clock::current = deadline_ + 1s;
  EXPECT_TRUE(wait());
  comes_at_.reset();
  asked_.clear();
  EXPECT_FALSE(wait());
  EXPECT_EQ(asked_.size(), 1U);
}

struct refusal {
  const char* name;
  int return_code;
  int reason_code;
  bool is_too_large;
};

class a_refusal : public testing::TestWithParam<refusal> {};

TEST_P(a_refusal, as_too_large_turns_fields_off) {
  const refusal& row = GetParam();
  detail::drop_in parts;
  const ::mqtt::exception thrown(row.return_code, ::mqtt::ReasonCode(row.reason_code));
  EXPECT_EQ(parts.refused(thrown), row.is_too_large);
  EXPECT_EQ(parts.sending.connection().room().fields_bytes_max == 0, row.is_too_large);
}

INSTANTIATE_TEST_SUITE_P(
    rows, a_refusal,
    testing::Values(
        refusal{"of_a_connect", MQTTREASONCODE_PACKET_TOO_LARGE, 0, true},
        refusal{"of_a_publish", MQTTASYNC_FAILURE, MQTTREASONCODE_PACKET_TOO_LARGE, true},
        refusal{"of_a_connect_for_another_reason", MQTTREASONCODE_NOT_AUTHORIZED, 0, false},
        refusal{"of_a_publish_for_another_reason", MQTTASYNC_FAILURE, MQTTREASONCODE_QUOTA_EXCEEDED,
                false},
        refusal{"without_a_reason", MQTTASYNC_FAILURE, 0, false}),
    [](const testing::TestParamInfo<refusal>& of) { return of.param.name; });

}  // namespace
}  // namespace waybill::mqtt

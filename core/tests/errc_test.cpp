#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <waybill/errc.hpp>
#include <waybill/result.hpp>

namespace waybill_test {
namespace {

using waybill::errc;
using waybill::result;

// The numbers are stored by users: a change here is a break of the interface.
static_assert(static_cast<int>(errc::ok) == 0);
static_assert(static_cast<int>(errc::absent) == 1);
static_assert(static_cast<int>(errc::malformed) == 2);
static_assert(static_cast<int>(errc::forbidden_version) == 3);
static_assert(static_cast<int>(errc::zero_id) == 4);
static_assert(static_cast<int>(errc::duplicate) == 5);
static_assert(static_cast<int>(errc::no_traceparent) == 6);
static_assert(static_cast<int>(errc::too_large) == 7);
static_assert(static_cast<int>(errc::too_many_members) == 8);
static_assert(static_cast<int>(errc::needs_copy) == 9);
static_assert(static_cast<int>(errc::invalid_key) == 10);
static_assert(static_cast<int>(errc::invalid_value) == 11);
static_assert(static_cast<int>(errc::unknown_format) == 12);
static_assert(static_cast<int>(errc::no_memory) == 13);
static_assert(static_cast<int>(errc::carrier_failed) == 14);
static_assert(static_cast<int>(errc::dropped_for_size) == 15);
static_assert(static_cast<int>(errc::dropped_by_policy) == 16);
static_assert(static_cast<int>(errc::unknown_version) == 17);
static_assert(static_cast<int>(errc::bad_checksum) == 18);
static_assert(static_cast<int>(errc::no_envelope) == 19);
static_assert(static_cast<int>(errc::listener_failed) == 20);
static_assert(static_cast<int>(errc::too_many_fields) == 21);
static_assert(static_cast<int>(errc::unused_context) == 22);
static_assert(static_cast<int>(errc::given_up) == 23);
static_assert(waybill::errc_count == 24);
static_assert(sizeof(errc) == 1);

constexpr std::array<std::string_view, waybill::errc_count> source_names = {"ok",
                                                                            "absent",
                                                                            "malformed",
                                                                            "forbidden_version",
                                                                            "zero_id",
                                                                            "duplicate",
                                                                            "no_traceparent",
                                                                            "too_large",
                                                                            "too_many_members",
                                                                            "needs_copy",
                                                                            "invalid_key",
                                                                            "invalid_value",
                                                                            "unknown_format",
                                                                            "no_memory",
                                                                            "carrier_failed",
                                                                            "dropped_for_size",
                                                                            "dropped_by_policy",
                                                                            "unknown_version",
                                                                            "bad_checksum",
                                                                            "no_envelope",
                                                                            "listener_failed",
                                                                            "too_many_fields",
                                                                            "unused_context",
                                                                            "given_up"};

TEST(errc, names_are_those_of_the_source) {
  for (std::size_t i = 0; i < waybill::errc_count; ++i) {
    EXPECT_EQ(name(static_cast<errc>(i)), source_names[i]);
  }
}

TEST(errc, every_code_has_one_sentence_of_its_own) {
  std::set<std::string_view> sentences;
  for (std::size_t i = 0; i < waybill::errc_count; ++i) {
    const std::string_view text = message(static_cast<errc>(i));
    ASSERT_GE(text.size(), 10U) << source_names[i];
    EXPECT_TRUE(std::isupper(static_cast<unsigned char>(text.front())) != 0) << text;
    EXPECT_EQ(text.find(". "), std::string_view::npos) << text;
    EXPECT_EQ(text.back(), '.') << text;
    EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; }))
        << text;
    EXPECT_TRUE(sentences.insert(text).second) << text << " is used twice";
  }
}

TEST(errc, texts_are_static) {
  EXPECT_EQ(message(errc::zero_id).data(), message(errc::zero_id).data());
  EXPECT_EQ(name(errc::zero_id).data(), name(errc::zero_id).data());
}

TEST(errc, a_number_from_a_later_version_has_a_text_too) {
  EXPECT_FALSE(name(static_cast<errc>(waybill::errc_count)).empty());
  EXPECT_FALSE(name(static_cast<errc>(255)).empty());
  EXPECT_FALSE(message(static_cast<errc>(waybill::errc_count)).empty());
  EXPECT_FALSE(message(static_cast<errc>(255)).empty());
}

TEST(version, of_the_library_is_that_of_the_headers) {
  EXPECT_EQ(waybill::version(), std::to_string(WAYBILL_VERSION_MAJOR) + "." +
                                    std::to_string(WAYBILL_VERSION_MINOR) + "." +
                                    std::to_string(WAYBILL_VERSION_PATCH));
}

// Usable in constant expressions.
static_assert(result<int>(7).has_value());
static_assert(*result<int>(7) == 7);
static_assert(result<int>(7).error() == errc::ok);
static_assert(!result<int>(errc::malformed));
static_assert(result<int>(errc::malformed).error() == errc::malformed);
static_assert(result<int>(errc::malformed).value() == 0);
static_assert(std::is_nothrow_constructible_v<result<int>, errc>);
static_assert(std::is_nothrow_constructible_v<result<int>, int>);
static_assert(!std::is_convertible_v<result<int>, bool>, "only where a condition is asked for");

TEST(result, of_a_failure_gives_a_default_made_value) {
  const result<std::string> failed = errc::too_large;
  EXPECT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error(), errc::too_large);
  EXPECT_EQ(failed.value(), "");
  EXPECT_EQ(*failed, "");
  EXPECT_TRUE(failed->empty());
}

TEST(result, of_a_success_gives_the_value_in_place) {
  result<std::string> good = std::string("text");
  ASSERT_TRUE(good);
  good->push_back('!');
  EXPECT_EQ(*good, "text!");
  good.value() = "other";
  EXPECT_EQ(std::as_const(good).value(), "other");
}

TEST(result, hands_over_a_value_that_can_only_be_moved) {
  result<std::unique_ptr<int>> good = std::make_unique<int>(3);
  const int* const address = good.value().get();
  const std::unique_ptr<int> taken = *std::move(good);
  EXPECT_EQ(taken.get(), address);
}

}  // namespace
}  // namespace waybill_test

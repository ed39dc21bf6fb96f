// MQTT filters as entries of a boundary: docs/design.md, the one table.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>
#include <waybill/boundary.hpp>

namespace waybill_test {
namespace {

using waybill::boundary;

std::string_view label_at(const boundary& table, std::string_view topic) {
  return table.find(topic).label;
}

struct filter_case {
  const char* name;
  std::string filter;
  std::vector<std::string> matching;
  std::vector<std::string> others;
};

std::ostream& operator<<(std::ostream& out, const filter_case& each) { return out << each.name; }

struct boundary_filter : testing::TestWithParam<filter_case> {};

TEST_P(boundary_filter, holds_for_the_topics_of_its_subscription) {
  boundary table;
  table.set_filter(GetParam().filter, {.label = "filtered"});
  for (const std::string& topic : GetParam().matching) {
    EXPECT_EQ(label_at(table, topic), "filtered") << topic;
  }
  for (const std::string& topic : GetParam().others) {
    EXPECT_EQ(label_at(table, topic), "default") << topic;
  }
}

INSTANTIATE_TEST_SUITE_P(
    rows, boundary_filter,
    testing::Values(
        filter_case{"without_wildcards", "a/b", {"a/b"}, {"a", "a/b/c", "A/b", "/a/b", ""}},
        filter_case{"plus_is_one_level", "a/+/c", {"a/b/c", "a//c"}, {"a/c", "a/b/d/c"}},
        filter_case{"hash_is_all_below", "a/#", {"a", "a/", "a/b/c"}, {"ab", "b/a"}},
        filter_case{"hash_alone", "#", {"a", "a/b", "/"}, {"$SYS/x", ""}},
        filter_case{"plus_first", "+/b", {"a/b", "/b"}, {"$SYS/b", "b"}},
        filter_case{"dollar_by_its_name", "$SYS/#", {"$SYS", "$SYS/x"}, {"a"}},
        filter_case{"shared_subscription", "$share/group/a/+", {"a/b"}, {"$share/group/a/b"}},
        filter_case{"hash_in_between", "a/#/b", {}, {"a/x/b", "a/#/b"}},
        filter_case{"plus_within_a_level", "a+", {}, {"a+", "ab"}},
        filter_case{"nothing", "", {}, {"", "a"}},
        filter_case{"shared_without_filter", "$share/group", {}, {"$share/group"}}),
    [](const auto& each) { return each.param.name; });

TEST(boundary_filters, most_exact_counts) {
  boundary table;
  table.set_filter("#", {.label = "#"}).set_filter("+/b/c", {.label = "+/b/c"});
  table.set_filter("a/#", {.label = "a/#"}).set_filter("a/+/c", {.label = "a/+/c"});
  table.set_prefix("a/b", {.label = "prefix"});
  EXPECT_EQ(label_at(table, "a/b/c"), "a/+/c");
  EXPECT_EQ(label_at(table, "a/b/d"), "a/#");
  EXPECT_EQ(label_at(table, "x/b/c"), "+/b/c");
  EXPECT_EQ(label_at(table, "x"), "#");
  table.set("a/b/c", {.label = "exact"});
  EXPECT_EQ(label_at(table, "a/b/c"), "exact");
}

TEST(boundary_filters, replace_the_entry_of_the_same_filter) {
  boundary table;
  table.set_filter("a/+", {.label = "first"}).set_filter("$share/g/a/+", {.label = "second"});
  EXPECT_EQ(label_at(table, "a/b"), "second");
  EXPECT_EQ(table.size(), 2U);
}

TEST(boundary_filters, go_along_with_copies_and_moves) {
  boundary table;
  table.set_filter("a/#", {.label = "below"});
  const boundary copy = table;
  const boundary moved = std::move(table);
  EXPECT_EQ(label_at(copy, "a/b"), "below");
  EXPECT_EQ(label_at(moved, "a/b"), "below");
}

TEST(boundary_filters, entry_has_the_envelope_and_the_name_of_spans) {
  boundary table;
  table.set_filter("sensors/+/state", {.envelope = waybill::envelope_form::frame,
                                       .destination_template = "sensors/{id}/state"});
  const waybill::boundary_entry& entry = table.find("sensors/7/state");
  EXPECT_EQ(entry.envelope, waybill::envelope_form::frame);
  EXPECT_EQ(entry.destination_template, "sensors/{id}/state");
  EXPECT_EQ(table.find("other").envelope, waybill::envelope_form::none);
}

}  // namespace
}  // namespace waybill_test

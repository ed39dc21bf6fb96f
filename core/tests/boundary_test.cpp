// Which entry of a boundary holds for a destination.
#include <gtest/gtest.h>

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <waybill/boundary.hpp>

namespace waybill_test {
namespace {

using waybill::baggage_policy;
using waybill::boundary;
using waybill::boundary_entry;
using waybill::destination;
using waybill::inbound_mode;
using waybill::outbound_mode;

boundary_entry labelled(std::string_view label) { return {.label = std::string(label)}; }

std::string_view label_at(const boundary& table, const destination& where) {
  return table.find(where).label;
}

TEST(boundary, adopts_and_sends_everything_by_default) {
  const boundary table;
  for (const destination& where :
       {destination(), destination("orders"), destination("ex", "key")}) {
    EXPECT_EQ(table.find_index(where), 0U);
    const boundary_entry& entry = table.find(where);
    EXPECT_EQ(entry.inbound, inbound_mode::adopt);
    EXPECT_EQ(entry.outbound, outbound_mode::everything);
    EXPECT_TRUE(entry.baggage_in.passes_all());
    EXPECT_TRUE(entry.baggage_out.passes_all());
    EXPECT_TRUE(entry.new_traces_sampled);
  }
  EXPECT_EQ(table.size(), 1U);
}

TEST(boundary, default_entry_can_be_given) {
  const boundary table(boundary_entry{.label = "mine", .inbound = inbound_mode::link});
  EXPECT_EQ(label_at(table, "anything"), "mine");
  EXPECT_EQ(table.find("anything").inbound, inbound_mode::link);
  EXPECT_EQ(table.size(), 1U);
}

TEST(boundary, finds_exact_names) {
  boundary table(labelled("default"));
  table.set("orders", labelled("orders")).set("payments", labelled("payments"));
  EXPECT_EQ(label_at(table, "orders"), "orders");
  EXPECT_EQ(label_at(table, "payments"), "payments");
  for (const std::string_view other : {"", "order", "orders ", "orders.eu", "Orders", "ORDERS"}) {
    EXPECT_EQ(label_at(table, other), "default") << other;
  }
}

TEST(boundary, prefers_name_and_routing_key_to_the_name_alone) {
  boundary table(labelled("default"));
  table.set("ex", labelled("name"));
  table.set(destination("ex", "key"), labelled("name and key"));
  EXPECT_EQ(label_at(table, destination("ex", "key")), "name and key");
  EXPECT_EQ(label_at(table, destination("ex", "other")), "name") << "every routing key";
  EXPECT_EQ(label_at(table, "ex"), "name");
}

TEST(boundary, an_entry_with_a_routing_key_holds_for_no_other) {
  boundary table(labelled("default"));
  table.set(destination("ex", "key"), labelled("name and key"));
  EXPECT_EQ(label_at(table, "ex"), "default");
  EXPECT_EQ(label_at(table, destination("ex", "key2")), "default");
  EXPECT_EQ(label_at(table, destination("ex2", "key")), "default");
  EXPECT_EQ(label_at(table, destination("", "key")), "default");
}

TEST(boundary, knows_where_the_name_ends_and_the_routing_key_begins) {
  boundary table(labelled("default"));
  table.set(destination("ab", "c"), labelled("ab c")).set(destination("a", "bc"), labelled("a bc"));
  EXPECT_EQ(label_at(table, destination("ab", "c")), "ab c");
  EXPECT_EQ(label_at(table, destination("a", "bc")), "a bc");
  EXPECT_EQ(label_at(table, "abc"), "default");
  EXPECT_EQ(label_at(table, destination("", "abc")), "default");
  // The separators one would think of are bytes that names may have.
  for (const char separator : {'\0', '\x01', '\x1f', ' ', '/', ':', '\n', '\xff'}) {
    const std::string joined = std::string("a") + separator + "bc";
    EXPECT_EQ(label_at(table, joined), "default") << static_cast<int>(separator);
    boundary other(labelled("default"));
    other.set(joined, labelled("joined"));
    EXPECT_EQ(label_at(other, destination("a", "bc")), "default") << static_cast<int>(separator);
    EXPECT_EQ(label_at(other, joined), "joined");
  }
}

TEST(boundary, finds_the_longest_prefix) {
  boundary table(labelled("default"));
  table.set_prefix("a", labelled("a")).set_prefix("a.b.", labelled("a.b."));
  table.set_prefix("a.b.c.d", labelled("a.b.c.d"));
  EXPECT_EQ(label_at(table, "a"), "a") << "a name may be the prefix itself";
  EXPECT_EQ(label_at(table, "axy"), "a");
  EXPECT_EQ(label_at(table, "a.b"), "a");
  EXPECT_EQ(label_at(table, "a.b."), "a.b.");
  EXPECT_EQ(label_at(table, "a.b.c.c"), "a.b.");
  EXPECT_EQ(label_at(table, "a.b.c.d"), "a.b.c.d");
  EXPECT_EQ(label_at(table, "a.b.c.d.e.f"), "a.b.c.d");
  EXPECT_EQ(label_at(table, "b"), "default");
  EXPECT_EQ(label_at(table, "A.b."), "default");
  EXPECT_EQ(label_at(table, ""), "default");
}

TEST(boundary, prefers_a_name_to_every_prefix) {
  boundary table(labelled("default"));
  table.set_prefix("orders.eu.", labelled("prefix")).set("orders.eu.west", labelled("name"));
  table.set_prefix("orders.eu.west", labelled("as long as the name"));
  EXPECT_EQ(label_at(table, "orders.eu.west"), "name");
  EXPECT_EQ(label_at(table, "orders.eu.west2"), "as long as the name");
  EXPECT_EQ(label_at(table, "orders.eu.east"), "prefix");
}

TEST(boundary, prefixes_hold_whatever_the_routing_key) {
  boundary table(labelled("default"));
  table.set_prefix("ex", labelled("prefix"));
  EXPECT_EQ(label_at(table, destination("exchange", "key")), "prefix");
  EXPECT_EQ(label_at(table, destination("other", "ex")), "default");
}

TEST(boundary, an_empty_prefix_holds_for_every_destination) {
  boundary table(labelled("default"));
  table.set_prefix("", labelled("all")).set_prefix("a", labelled("a"));
  EXPECT_EQ(label_at(table, "b"), "all");
  EXPECT_EQ(label_at(table, ""), "all");
  EXPECT_EQ(label_at(table, "ab"), "a");
}

TEST(boundary, names_of_every_byte_and_length_are_told_apart) {
  boundary table(labelled("default"));
  const std::string nul("a\0b", 3);
  const std::string long_name(10'000, 'x');
  table.set(std::string_view(nul), labelled("nul"));
  table.set(std::string_view(long_name), labelled("long"));
  table.set_prefix(std::string_view(nul), labelled("nul prefix"));
  EXPECT_EQ(label_at(table, std::string_view(nul)), "nul");
  EXPECT_EQ(label_at(table, std::string_view(nul + "c")), "nul prefix");
  EXPECT_EQ(label_at(table, "a"), "default");
  EXPECT_EQ(label_at(table, std::string_view(long_name)), "long");
  EXPECT_EQ(label_at(table, std::string_view(long_name).substr(1)), "default");
}

TEST(boundary, replaces_an_older_entry_in_its_place) {
  boundary table(labelled("default"));
  table.set("orders", labelled("old")).set(destination("ex", "key"), labelled("old"));
  table.set_prefix("pre", labelled("old"));
  const std::size_t index = table.find_index("orders");
  const std::size_t size = table.size();
  table.set("orders", labelled("new")).set(destination("ex", "key"), labelled("new"));
  table.set_prefix("pre", labelled("new"));
  EXPECT_EQ(table.find_index("orders"), index) << "indices never change";
  EXPECT_EQ(table.size(), size);
  EXPECT_EQ(label_at(table, "orders"), "new");
  EXPECT_EQ(label_at(table, destination("ex", "key")), "new");
  EXPECT_EQ(label_at(table, "prefix"), "new");
}

TEST(boundary, indices_count_up_and_name_the_entries) {
  boundary table(labelled("default"));
  table.set("a", labelled("a"));
  const std::size_t a = table.find_index("a");
  table.set_prefix("b", labelled("b")).set(destination("c", "k"), labelled("c"));
  EXPECT_EQ(table.size(), 4U);
  EXPECT_EQ(table.find_index("a"), a);
  EXPECT_EQ(table.find_index("nowhere"), 0U);
  std::set<std::size_t> indices = {0, a, table.find_index("bb"),
                                   table.find_index(destination("c", "k"))};
  EXPECT_EQ(indices, (std::set<std::size_t>{0, 1, 2, 3}));
  EXPECT_EQ(table.entry(0).label, "default");
  EXPECT_EQ(table.entry(a).label, "a");
}

TEST(boundary, labels_are_the_pattern_where_none_is_given) {
  boundary table;
  table.set("orders", {}).set_prefix("audit.", {}).set("named", labelled("my label"));
  EXPECT_NE(table.find("orders").label.find("orders"), std::string::npos);
  EXPECT_NE(table.find("audit.x").label.find("audit."), std::string::npos);
  EXPECT_EQ(table.find("named").label, "my label");
}

TEST(boundary, keeps_no_reference_to_the_text_it_was_given) {
  boundary table(labelled("default"));
  {
    std::string name = "orders-with-a-name-that-is-on-the-heap";
    std::string key = "a-routing-key-that-is-on-the-heap-as-well";
    table.set(destination(name, key), labelled("exact"));
    table.set_prefix(name + ".", labelled("prefix"));
    name.assign(name.size(), 'x');
    key.assign(key.size(), 'x');
  }
  EXPECT_EQ(label_at(table, destination("orders-with-a-name-that-is-on-the-heap",
                                        "a-routing-key-that-is-on-the-heap-as-well")),
            "exact");
  EXPECT_EQ(label_at(table, "orders-with-a-name-that-is-on-the-heap.eu"), "prefix");
}

TEST(boundary, copies_are_apart) {
  boundary first(labelled("default"));
  first.set("orders", labelled("first")).set_prefix("pre", labelled("first"));
  boundary second = first;
  second.set("orders", labelled("second")).set("more", labelled("second"));
  EXPECT_EQ(label_at(first, "orders"), "first");
  EXPECT_EQ(label_at(first, "more"), "default");
  EXPECT_EQ(label_at(second, "orders"), "second");
  EXPECT_EQ(label_at(second, "prefix"), "first");
  boundary third;
  third = second;
  EXPECT_EQ(label_at(third, "more"), "second");
  third = boundary();
  EXPECT_EQ(third.size(), 1U);
  EXPECT_EQ(third.find_index("more"), 0U);
  const boundary& same = second;
  second = same;
  EXPECT_EQ(label_at(second, "orders"), "second");
}

TEST(boundary, a_copy_outlives_its_source) {
  boundary copy;
  {
    boundary source(labelled("default"));
    source.set("orders", labelled("orders")).set(destination("ex", "key"), labelled("key"));
    source.set_prefix("pre", labelled("pre"));
    copy = source;
  }
  EXPECT_EQ(label_at(copy, "orders"), "orders");
  EXPECT_EQ(label_at(copy, destination("ex", "key")), "key");
  EXPECT_EQ(label_at(copy, "prefix"), "pre");
}

TEST(boundary, can_be_moved) {
  boundary source(labelled("default"));
  source.set("orders", labelled("orders")).set_prefix("pre", labelled("pre"));
  boundary moved = std::move(source);
  EXPECT_EQ(label_at(moved, "orders"), "orders");
  boundary assigned;
  assigned = std::move(moved);
  EXPECT_EQ(label_at(assigned, "prefix"), "pre");
  EXPECT_EQ(label_at(assigned, "other"), "default");
}

TEST(boundary, of_10_000_entries_finds_each) {
  boundary table(labelled("default"));
  for (int i = 0; i < 10'000; ++i) {
    const std::string number = std::to_string(i);
    if (i % 3 == 0) table.set("topic-" + number, labelled(number));
    if (i % 3 == 1) table.set(destination("exchange", "key-" + number), labelled(number));
    if (i % 3 == 2) table.set_prefix("prefix-" + number + ".", labelled(number));
  }
  EXPECT_EQ(table.size(), 10'001U);
  for (int i = 0; i < 10'000; ++i) {
    const std::string number = std::to_string(i);
    const std::string key = "key-" + number;
    const std::string name = i % 3 == 0   ? "topic-" + number
                             : i % 3 == 1 ? "exchange"
                                          : "prefix-" + number + ".x";
    const destination where = i % 3 == 1 ? destination(name, key) : destination(name);
    ASSERT_EQ(label_at(table, where), number);
  }
  EXPECT_EQ(label_at(table, "topic-10001"), "default");
}

TEST(baggage_policy, passes_by_key) {
  using rule = baggage_policy::rule;
  EXPECT_TRUE(baggage_policy{}.passes("any"));
  const baggage_policy only{.keys_rule = rule::only, .keys = {"a", "b"}};
  EXPECT_TRUE(only.passes("a") && only.passes("b"));
  EXPECT_FALSE(only.passes("c") || only.passes("A") || only.passes("") || only.passes("ab"));
  const baggage_policy except{.keys_rule = rule::except, .keys = {"a", "b"}};
  EXPECT_FALSE(except.passes("a") || except.passes("b"));
  EXPECT_TRUE(except.passes("c") && except.passes("A"));
  EXPECT_FALSE(baggage_policy{.keys_rule = rule::none}.passes("a"));
  EXPECT_FALSE(baggage_policy{.keys_rule = rule::only}.passes("a")) << "only nothing";
  EXPECT_TRUE(baggage_policy{.keys_rule = rule::except}.passes("a")) << "except nothing";
}

TEST(baggage_policy, passes_all_only_when_nothing_is_asked_for) {
  EXPECT_TRUE(baggage_policy{}.passes_all());
  EXPECT_FALSE(baggage_policy{.keys_rule = baggage_policy::rule::none}.passes_all());
  EXPECT_FALSE(baggage_policy{.members_max = 64}.passes_all());
  EXPECT_FALSE(baggage_policy{.bytes_max = 8'192}.passes_all());
}

}  // namespace
}  // namespace waybill_test

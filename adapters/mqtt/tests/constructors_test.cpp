// The drop-ins are made wherever Paho's clients are: each of these is how code has one of Paho's.

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "waybill/mqtt/cpp/async_client.hpp"
#include "waybill/mqtt/cpp/client.hpp"

namespace {

const std::string server = "tcp://127.0.0.1:1";
const std::string id = "idle";

template <class Client>
std::string id_of(const Client& client) {
  return client.get_client_id();
}

/// Whether `Client client = {server, id};` compiles. From Paho 1.5 on it does not for async_client.
template <class Client>
concept made_from_list = requires(void (*take)(const Client&)) {
  take({server, id});
};

static_assert(made_from_list<waybill::mqtt::async_client> == made_from_list<mqtt::async_client>);
static_assert(made_from_list<waybill::mqtt::client> == made_from_list<mqtt::client>);

template <class Client>
class constructors : public testing::Test {};
using drop_ins = testing::Types<waybill::mqtt::async_client, waybill::mqtt::client>;
TYPED_TEST_SUITE(constructors, drop_ins);

TYPED_TEST(constructors, take_what_pahos_take) {
  const TypeParam direct(server, id);
  const TypeParam braces{server, id};
  const TypeParam literals("tcp://127.0.0.1:1", "idle");
  const TypeParam buffered(server, id, 100, nullptr);
  const TypeParam with_null(server, id, nullptr);
  EXPECT_EQ(id_of(braces), id);
  EXPECT_EQ(std::make_unique<TypeParam>(server, id)->get_client_id(), id);
  std::optional<TypeParam> later;
  later.emplace(server, id);
  EXPECT_EQ(later->get_client_id(), id);
}

TYPED_TEST(constructors, take_a_list_where_pahos_take_one) {
  if constexpr (made_from_list<TypeParam>) {
    const TypeParam copied = {server, id};
    const TypeParam literals = {"tcp://127.0.0.1:1", "idle"};
    EXPECT_EQ(id_of(copied), id);
    EXPECT_EQ(id_of<TypeParam>({server, id}), id) << "an argument";
    const auto made = []() -> TypeParam { return {server, id}; };
    EXPECT_EQ(made().get_client_id(), id) << "a return value";
  }
}

TYPED_TEST(constructors, take_options_first) {
  const TypeParam direct(waybill::mqtt::client_options{}, server, id);
  const TypeParam copied = {waybill::mqtt::client_options{}, server, id};
  const TypeParam braces({}, server, id, 100, nullptr);
  EXPECT_EQ(id_of(copied), id);
}

TYPED_TEST(constructors, are_those_of_derived_classes) {
  class inheriting : public TypeParam {
   public:
    using TypeParam::TypeParam;
  };
  class calling : public TypeParam {
   public:
    explicit calling(const std::string& name) : TypeParam(server, name, 100, nullptr) {}
  };
  class with_member {
   public:
    with_member() : client_{server, id} {}
    TypeParam client_;
    TypeParam other_{server, id};
  };
  const inheriting same(server, id);
  EXPECT_EQ(id_of<TypeParam>(same), id);
  EXPECT_EQ(calling("own").get_client_id(), "own");
  EXPECT_EQ(with_member().other_.get_client_id(), id);
  EXPECT_FALSE(std::is_copy_constructible_v<TypeParam>);
}

TEST(constructors_of_the_drop_in, take_create_options) {
  const waybill::mqtt::async_client direct(server, id, mqtt::create_options(MQTTVERSION_5));
  const waybill::mqtt::async_client copied = {server, id, mqtt::create_options(MQTTVERSION_5)};
  const waybill::mqtt::client waiting = {server, id, mqtt::create_options(MQTTVERSION_5), nullptr};
  EXPECT_EQ(copied.get_client_id(), id);
}

}  // namespace

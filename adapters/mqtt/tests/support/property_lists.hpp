#pragma once

#include <MQTTAsync.h>

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace waybill_test {

/// A list that Paho makes and frees.
class owned_properties {
 public:
  owned_properties() = default;
  owned_properties(std::initializer_list<std::pair<std::string_view, std::string_view>> user) {
    for (const auto& [name, value] : user) add(name, value);
  }
  explicit owned_properties(const MQTTProperties& other) : list_(MQTTProperties_copy(&other)) {}
  owned_properties(const owned_properties&) = delete;
  owned_properties& operator=(const owned_properties&) = delete;
  ~owned_properties() { MQTTProperties_free(&list_); }

  void add(std::string_view name, std::string_view value) {
    MQTTProperty made{};
    made.identifier = MQTTPROPERTY_CODE_USER_PROPERTY;
    made.value.data = {static_cast<int>(name.size()), const_cast<char*>(name.data())};
    made.value.value = {static_cast<int>(value.size()), const_cast<char*>(value.data())};
    MQTTProperties_add(&list_, &made);
  }
  void add(MQTTPropertyCodes code, std::string_view text) {
    MQTTProperty made{};
    made.identifier = code;
    made.value.data = {static_cast<int>(text.size()), const_cast<char*>(text.data())};
    MQTTProperties_add(&list_, &made);
  }
  void add(MQTTPropertyCodes code, unsigned int number) {
    MQTTProperty made{};
    made.identifier = code;
    switch (MQTTProperty_getType(code)) {
      case MQTTPROPERTY_TYPE_BYTE:
        made.value.byte = static_cast<unsigned char>(number);
        break;
      case MQTTPROPERTY_TYPE_TWO_BYTE_INTEGER:
        made.value.integer2 = static_cast<unsigned short>(number);
        break;
      default:
        made.value.integer4 = number;
    }
    MQTTProperties_add(&list_, &made);
  }

  [[nodiscard]] MQTTProperties& list() noexcept { return list_; }

 private:
  MQTTProperties list_ = MQTTProperties_initializer;
};

/// One property as text: `38 name=value`, `3 application/json`, `2 60`.
inline std::string described(const MQTTProperty& property) {
  const auto text = [](const MQTTLenString& from) {
    return from.len > 0 ? std::string(from.data, static_cast<std::size_t>(from.len))
                        : std::string();
  };
  std::string made = std::to_string(static_cast<int>(property.identifier)) + ' ';
  switch (MQTTProperty_getType(property.identifier)) {
    case MQTTPROPERTY_TYPE_BYTE:
      return made + std::to_string(property.value.byte);
    case MQTTPROPERTY_TYPE_TWO_BYTE_INTEGER:
      return made + std::to_string(property.value.integer2);
    case MQTTPROPERTY_TYPE_FOUR_BYTE_INTEGER:
    case MQTTPROPERTY_TYPE_VARIABLE_BYTE_INTEGER:
      return made + std::to_string(property.value.integer4);
    case MQTTPROPERTY_TYPE_UTF_8_STRING_PAIR:
      return made + text(property.value.data) + '=' + text(property.value.value);
    default:
      return made + text(property.value.data);
  }
}

/// All of a list, in order.
inline std::vector<std::string> described(const MQTTProperties& list) {
  std::vector<std::string> made;
  made.reserve(static_cast<std::size_t>(list.count));
  for (int i = 0; i < list.count; ++i) made.push_back(described(list.array[i]));
  return made;
}

}  // namespace waybill_test

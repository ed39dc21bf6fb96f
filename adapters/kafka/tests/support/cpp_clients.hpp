#pragma once

#include <gtest/gtest.h>
#include <librdkafka/rdkafkacpp.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bare_headers.hpp"
#include "clients.hpp"
#include "support/contexts.hpp"

/// librdkafka's C++ interface on its mock cluster.
namespace waybill_test {

/// The headers as the C++ interface shows them.
inline bare_headers shown(const RdKafka::Headers* headers) {
  bare_headers all;
  if (headers == nullptr) return all;
  for (const RdKafka::Headers::Header& each : headers->get_all()) {
    bare_header header{each.key(), std::nullopt};
    if (each.value() != nullptr) {
      header.value.emplace(static_cast<const char*>(each.value()), each.value_size());
    }
    all.push_back(std::move(header));
  }
  return all;
}

inline std::unique_ptr<RdKafka::Headers> make_cpp_headers(const bare_headers& headers) {
  std::unique_ptr<RdKafka::Headers> made(RdKafka::Headers::create());
  for (const bare_header& each : headers) {
    const void* value = each.value.has_value() ? each.value->data() : nullptr;
    EXPECT_EQ(made->add(each.name, value, each.value.value_or("").size()), RdKafka::ERR_NO_ERROR);
  }
  return made;
}

/// A configuration that writes no log.
class cpp_config {
 public:
  cpp_config() { set("log_level", "0"); }

  template <class Value>
  cpp_config& set(const char* name, const Value& value) {
    std::string text;
    EXPECT_EQ(conf_->set(name, value, text), RdKafka::Conf::CONF_OK) << text;
    return *this;
  }
  [[nodiscard]] RdKafka::Conf* get() const { return conf_.get(); }

 private:
  std::unique_ptr<RdKafka::Conf> conf_{RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL)};
};

inline cpp_config cpp_config_of(const mock_cluster& cluster) {
  cpp_config made;
  made.set("bootstrap.servers", std::string(rd_kafka_mock_cluster_bootstraps(cluster.get())));
  return made;
}

inline int patience_ms() { return static_cast<int>(std::chrono::milliseconds(patience).count()); }

}  // namespace waybill_test

#include "waybill/kafka/instrument.hpp"

#include <algorithm>
#include <utility>

#include "delivery_channel.hpp"

namespace waybill::inline v0::kafka {

namespace detail {

void delivery_registry::add(const rd_kafka_t* client,
                            const std::shared_ptr<delivery_channel>& channel) {
  const std::lock_guard lock(mutex_);
  entries_.push_back({client, channel});
}

void delivery_registry::remove(const delivery_channel* channel) noexcept {
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_, [&](const entry& each) { return each.channel.get() == channel; });
}

std::shared_ptr<delivery_channel> delivery_registry::find(const rd_kafka_t* client) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const entry& each) { return each.client == client; });
  return found == entries_.end() ? nullptr : found->channel;
}

}  // namespace detail

namespace {

constexpr const char* interceptor_name = "waybill";

/// What one configuration carries. A configuration becomes at most one client, so there is one
/// channel in each; librdkafka destroys it with the client, when no callback can come any more.
struct configuration_hook {
  std::shared_ptr<detail::delivery_registry> registry;
  std::shared_ptr<detail::delivery_channel> channel = std::make_shared<detail::delivery_channel>();
};

/// Where on_conf_dup says what the original reports to, while already_in() asks on this thread.
constinit thread_local std::shared_ptr<detail::delivery_registry>* asked = nullptr;

rd_kafka_resp_err_t add_hook(rd_kafka_conf_t* conf,
                             const std::shared_ptr<detail::delivery_registry>& registry);

/// Messages of other calls than our producers' are none that anybody waits for: neither those that
/// an application's partitioner or interceptor sends while one of ours is on its way.
rd_kafka_resp_err_t on_send(rd_kafka_t* /*client*/, rd_kafka_message_t* message, void* /*hook*/) {
  if (detail::producing != nullptr && detail::producing->identity == nullptr) {
    detail::producing->sink->sent(*message);
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t on_acknowledgement(rd_kafka_t* /*client*/, rd_kafka_message_t* message,
                                       void* hook) {
  static_cast<configuration_hook*>(hook)->channel->acknowledge(*message);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t on_destroy(rd_kafka_t* /*client*/, void* opaque) {
  auto& hook = *static_cast<configuration_hook*>(opaque);
  hook.channel->close();
  // Another client may come to live at the same address.
  hook.registry->remove(hook.channel.get());
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t on_new(rd_kafka_t* client, const rd_kafka_conf_t* /*conf*/, void* opaque,
                           char* /*error*/, size_t /*error_bytes*/) {
  auto& hook = *static_cast<configuration_hook*>(opaque);
  const rd_kafka_resp_err_t sent =
      rd_kafka_interceptor_add_on_send(client, interceptor_name, &on_send, opaque);
  const rd_kafka_resp_err_t observed = rd_kafka_interceptor_add_on_acknowledgement(
      client, interceptor_name, &on_acknowledgement, opaque);
  const rd_kafka_resp_err_t closed =
      rd_kafka_interceptor_add_on_destroy(client, interceptor_name, &on_destroy, opaque);
  // Without the interceptors the client works all the same, its outcomes are not known.
  const bool is_good = sent == RD_KAFKA_RESP_ERR_NO_ERROR &&
                       observed == RD_KAFKA_RESP_ERR_NO_ERROR &&
                       closed == RD_KAFKA_RESP_ERR_NO_ERROR;
  if (is_good) hook.registry->add(client, hook.channel);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t on_conf_dup(rd_kafka_conf_t* copy, const rd_kafka_conf_t* /*original*/,
                                size_t /*filters*/, const char** /*filter*/, void* hook) {
  const auto& registry = static_cast<configuration_hook*>(hook)->registry;
  if (asked != nullptr) *asked = registry;
  return add_hook(copy, registry);
}

rd_kafka_resp_err_t on_conf_destroy(void* hook) {
  delete static_cast<configuration_hook*>(hook);  // add_hook's
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t add_hook(rd_kafka_conf_t* conf,
                             const std::shared_ptr<detail::delivery_registry>& registry) {
  auto hook = std::make_unique<configuration_hook>(configuration_hook{registry});
  const rd_kafka_resp_err_t owned = rd_kafka_conf_interceptor_add_on_conf_destroy(
      conf, interceptor_name, &on_conf_destroy, hook.get());
  if (owned != RD_KAFKA_RESP_ERR_NO_ERROR) return owned;
  configuration_hook* added = hook.release();  // the configuration's from here on
  const rd_kafka_resp_err_t copied =
      rd_kafka_conf_interceptor_add_on_conf_dup(conf, interceptor_name, &on_conf_dup, added);
  if (copied != RD_KAFKA_RESP_ERR_NO_ERROR) return copied;
  return rd_kafka_conf_interceptor_add_on_new(conf, interceptor_name, &on_new, added);
}

/// What a configuration was instrumented with before. librdkafka does not show interceptors, but it
/// calls them when the configuration is copied.
std::shared_ptr<detail::delivery_registry> already_in(const rd_kafka_conf_t* conf) {
  std::shared_ptr<detail::delivery_registry> found;
  asked = &found;
  rd_kafka_conf_destroy(rd_kafka_conf_dup(conf));
  asked = nullptr;
  return found;
}

}  // namespace

instrumentation::instrumentation() noexcept = default;
instrumentation::instrumentation(const instrumentation&) noexcept = default;
instrumentation::instrumentation(instrumentation&&) noexcept = default;
instrumentation& instrumentation::operator=(const instrumentation&) noexcept = default;
instrumentation& instrumentation::operator=(instrumentation&&) noexcept = default;
instrumentation::~instrumentation() = default;

instrumentation instrument(rd_kafka_conf_t* conf) {
  instrumentation made;
  made.registry_ = std::make_shared<detail::delivery_registry>();
  const rd_kafka_resp_err_t added = add_hook(conf, made.registry_);
  if (added == RD_KAFKA_RESP_ERR__CONFLICT) made.registry_ = already_in(conf);
  const bool is_good = added == RD_KAFKA_RESP_ERR_NO_ERROR ||
                       (added == RD_KAFKA_RESP_ERR__CONFLICT && made.registry_);
  made.status_ = is_good ? errc::ok : errc::carrier_failed;
  return made;
}

}  // namespace waybill::inline v0::kafka

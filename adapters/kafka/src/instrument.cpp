#include "waybill/kafka/instrument.hpp"

#include <utility>

#include "observed_client.hpp"

namespace waybill::inline v0::kafka {

namespace {

constexpr const char* interceptor_name = "waybill";

/// What one configuration carries. A configuration becomes at most one client; librdkafka destroys
/// the hook with the client, when no callback can come any more.
struct configuration_hook {
  std::shared_ptr<detail::client_registry> registry;
  std::shared_ptr<detail::observed_client> client = std::make_shared<detail::observed_client>();
};

/// Where on_conf_dup says what the original reports to, while already_in() asks on this thread.
constinit thread_local std::shared_ptr<detail::client_registry>* asked = nullptr;

rd_kafka_resp_err_t add_hook(rd_kafka_conf_t* conf,
                             const std::shared_ptr<detail::client_registry>& registry);

outcome_state state_of(const rd_kafka_message_t& message) noexcept {
  switch (message.err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      // Without acknowledgements asked for (acks=0) librdkafka reports no error either.
      return rd_kafka_message_status(&message) == RD_KAFKA_MSG_STATUS_PERSISTED
                 ? outcome_state::succeeded
                 : outcome_state::unknown;
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
      return outcome_state::purged;
    default:
      return outcome_state::failed;
  }
}

/// librdkafka accepted a message: on the thread that produces, before anything can answer it.
/// Only the first message of a waybill produce call is tracked: an application's partitioner or
/// interceptor may send others from within it.
rd_kafka_resp_err_t on_send(rd_kafka_t* client, rd_kafka_message_t* message, void* /*hook*/) {
  detail::produce_call* call = detail::producing;
  if (call != nullptr && call->client == client && call->identity == nullptr) {
    call->identity = message;
    call->sender.accepted(detail::key_of(message), call->message);
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t on_acknowledgement(rd_kafka_t* /*client*/, rd_kafka_message_t* message,
                                       void* hook) {
  static_cast<configuration_hook*>(hook)->client->call([&](detail::deliveries& sender) noexcept {
    // When the partitioner fails librdkafka acknowledges the message from within the call that then
    // returns the error: one outcome is enough.
    detail::produce_call* call = detail::producing;
    if (call != nullptr && call->identity == message && &call->sender == &sender) {
      // Now, while nobody else's message can have this address. One that was given up meanwhile has
      // its outcome.
      call->is_answered = sender.forget(detail::key_of(message));
      return;
    }
    sender.answered(detail::key_of(message),
                    {.outcome = state_of(*message), .error = message->err, .message = message});
  });
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t on_destroy(rd_kafka_t* client, void* opaque) {
  auto& hook = *static_cast<configuration_hook*>(opaque);
  hook.client->call([](detail::deliveries& sender) noexcept { sender.close(detail::unanswered); });
  // Another client may come to live at the same address.
  hook.registry->remove(client);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t on_new(rd_kafka_t* client, const rd_kafka_conf_t* /*conf*/, void* opaque,
                           char* /*error*/, size_t /*error_bytes*/) {
  auto& hook = *static_cast<configuration_hook*>(opaque);
  constexpr rd_kafka_resp_err_t ok = RD_KAFKA_RESP_ERR_NO_ERROR;
  // Without the interceptors the client works all the same, its outcomes are not known.
  const bool is_good =
      rd_kafka_interceptor_add_on_send(client, interceptor_name, &on_send, opaque) == ok &&
      rd_kafka_interceptor_add_on_acknowledgement(client, interceptor_name, &on_acknowledgement,
                                                  opaque) == ok &&
      rd_kafka_interceptor_add_on_destroy(client, interceptor_name, &on_destroy, opaque) == ok;
  if (is_good) hook.registry->add(client, hook.client);
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
                             const std::shared_ptr<detail::client_registry>& registry) {
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
std::shared_ptr<detail::client_registry> already_in(const rd_kafka_conf_t* conf) {
  std::shared_ptr<detail::client_registry> found;
  asked = &found;
  rd_kafka_conf_destroy(rd_kafka_conf_dup(conf));
  asked = nullptr;
  return found;
}

}  // namespace

instrumentation instrument(rd_kafka_conf_t* conf) {
  instrumentation made;
  made.registry_ = std::make_shared<detail::client_registry>();
  const rd_kafka_resp_err_t added = add_hook(conf, made.registry_);
  if (added != RD_KAFKA_RESP_ERR_NO_ERROR) {
    made.registry_ = added == RD_KAFKA_RESP_ERR__CONFLICT ? already_in(conf) : nullptr;
  }
  made.status_ = made.registry_ != nullptr ? errc::ok : errc::carrier_failed;
  return made;
}

}  // namespace waybill::inline v0::kafka

#include "waybill/mqtt/consuming.hpp"

#include "waybill/envelope.hpp"

namespace waybill::inline v0::mqtt {

operation_details consuming::describe(std::string_view name, std::string_view topic,
                                      const message_view& message) const noexcept {
  return {.system = "mqtt",
          .name = name,
          .destination_template = propagation().boundary().find(topic).destination_template,
          .client_id = options_.client_id,
          .body_bytes = message.payload.size()};
}

void consuming::give(received_message& received, const message_view& message,
                     messaging::receiving::time_point began) const noexcept {
  const std::string_view topic = received.topic_of(message.topic);
  walk_.give(
      received, topic, [&]() noexcept { return describe("receive", topic, message); }, began);
}

messaging::processing consuming::process(const received_message* received,
                                         const message_view& message) const noexcept {
  const extraction nothing;
  const std::string_view topic =
      received != nullptr ? received->topic_of(message.topic) : message.topic;
  return {received != nullptr ? received->extraction() : nothing, topic,
          [&]() noexcept { return describe("process", topic, message); }, propagation()};
}

incoming::incoming(consuming& by, const message_view& message) : message_change(message) {
  const destination from(by.aliases().topic_of(message, topic_storage_));
  if (!unwrap(by, from)) {
    taken_ = mqtt::extract(message.properties, by.propagation(),
                           arrival(from, message.is_retained, by.options().rules));
  }
  if (!by.options().strip) return;
  edited_.emplace(message.properties);
  edited_->strip(by.propagation().propagator());
}

/// False for a message without an envelope. An envelope comes off even where fields stay: it is no
/// part of the payload.
bool incoming::unwrap(const consuming& by, const destination& from) {
  const waybill::propagation& settings = by.propagation();
  const envelope_form form = settings.boundary().find(from).envelope;
  if (form == envelope_form::none) return false;
  envelope_reader envelope(form, message_.payload, settings, from);
  if (envelope.code() != errc::ok) return false;
  taken_ = waybill::extract(envelope, settings, from);
  // There is no stamp in an envelope: a message of the broker's store may be of any age.
  if (taken_.parent() != nullptr && message_.is_retained) taken_.link_rather_than_adopt(settings);
  envelope.strip();
  if (envelope.payload().size() != message_.payload.size()) payload_.emplace(envelope.payload());
  return true;
}

}  // namespace waybill::inline v0::mqtt

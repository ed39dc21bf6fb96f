#include "property_list.hpp"
#include "waybill/mqtt/message_view.hpp"

namespace waybill::inline v0::mqtt {

std::string_view topic_aliases::topic_of(const message_view& message,
                                         std::string& storage) noexcept {
  const MQTTProperty* found = detail::find(message.properties, MQTTPROPERTY_CODE_TOPIC_ALIAS);
  if (found == nullptr) return message.topic;
  const std::uint16_t alias = found->value.integer2;
  WAYBILL_TRY {
    const std::lock_guard lock(mutex_);
    if (!message.topic.empty()) {
      remember(alias, message.topic);
    } else if (const auto known = topics_.find(alias); known != topics_.end()) {
      storage = known->second;
      return storage;
    }
  }
  WAYBILL_CATCH_ALL {}
  return message.topic;
}

void topic_aliases::remember(std::uint16_t alias, std::string_view topic) {
  const auto known = topics_.find(alias);
  if (known != topics_.end()) {
    if (known->second == topic) return;
    topic_bytes_ -= known->second.size();
    topics_.erase(known);  // an alias that may not be kept must not mean its older topic
  }
  if (topic.size() > topic_bytes_max - topic_bytes_) return;
  topics_.emplace(alias, topic);
  topic_bytes_ += topic.size();
}

void topic_aliases::clear() noexcept {
  const std::lock_guard lock(mutex_);
  topics_.clear();
  topic_bytes_ = 0;
}

}  // namespace waybill::inline v0::mqtt

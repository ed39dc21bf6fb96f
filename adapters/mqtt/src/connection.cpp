#include "waybill/mqtt/connection.hpp"

#include <algorithm>

#include "property_list.hpp"

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

std::uint64_t connection_state::asked(int version) noexcept {
  const std::lock_guard lock(mutex_);
  forget(++last_attempt_);
  // Paho takes the default for the version that the client was made with.
  version_ = version == MQTTVERSION_DEFAULT ? no_version : version;
  return last_attempt_;
}

void connection_state::answered(std::uint64_t attempt, int version,
                                std::size_t packet_bytes_max) noexcept {
  const std::lock_guard lock(mutex_);
  if (attempt != awaited_attempt_) return;
  awaited_attempt_ = 0;
  version_ = version;
  is_off_ = false;
  if (version < MQTTVERSION_5) return;
  known_ = packet_bytes_max;
  smallest_ = std::min(smallest_, packet_bytes_max);
}

bool connection_state::refused(int reason_code) noexcept {
  if (reason_code != MQTTREASONCODE_PACKET_TOO_LARGE) return false;
  const std::lock_guard lock(mutex_);
  is_off_ = true;
  return true;
}

void connection_state::lost() noexcept {
  const std::lock_guard lock(mutex_);
  forget(awaited_attempt_);
}

void connection_state::replaced() noexcept {
  const std::lock_guard lock(mutex_);
  forget(0);
}

void connection_state::doubt() noexcept {
  const std::lock_guard lock(mutex_);
  awaited_attempt_ = 0;
  known_ = unknown;
}

void connection_state::forget(std::uint64_t attempt) noexcept {
  awaited_attempt_ = attempt;
  known_ = unknown;
  aliases_.clear();
}

message_room connection_state::room() const noexcept {
  const std::lock_guard lock(mutex_);
  const bool is_known = known_ != unknown;
  return {.fields_bytes_max = is_known && !is_off_ ? known_ : doubtful(),
          .packet_bytes_max = is_known ? known_ : smallest_,
          .has_properties = version_ == no_version || version_ >= MQTTVERSION_5};
}

std::size_t connection_state::bytes_in_doubt() const noexcept {
  const std::lock_guard lock(mutex_);
  return doubtful();
}

std::size_t connection_state::doubtful() const noexcept {
  return is_off_ ? 0 : std::min(smallest_, bytes_when_unknown_);
}

}  // namespace waybill::inline v0::mqtt

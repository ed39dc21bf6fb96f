#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <memory>
#include <string>

namespace waybill_test {

struct offset_list_deleter {
  void operator()(rd_kafka_topic_partition_list_t* list) const noexcept {
    rd_kafka_topic_partition_list_destroy(list);
  }
};
using offset_list = std::unique_ptr<rd_kafka_topic_partition_list_t, offset_list_deleter>;

/// One partition with an offset.
offset_list offsets_of(const std::string& topic, std::int32_t partition, std::int64_t offset);

/// What the broker has as the group's offset of a partition, asked by a client that is no member;
/// RD_KAFKA_OFFSET_INVALID if nothing was committed.
/// @par Errors Throws std::runtime_error if the broker does not answer.
std::int64_t committed_offset(const std::string& bootstrap, const std::string& group,
                              const std::string& topic, std::int32_t partition = 0);

}  // namespace waybill_test

#include "groups.hpp"

#include <stdexcept>

#include "bare_kafka.hpp"
#include "clients.hpp"

namespace waybill_test {

offset_list offsets_of(const std::string& topic, std::int32_t partition, std::int64_t offset) {
  offset_list list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = offset;
  return list;
}

std::int64_t committed_offset(const std::string& bootstrap, const std::string& group,
                              const std::string& topic, std::int32_t partition) {
  const kafka_handle onlooker =
      make_kafka_handle(RD_KAFKA_CONSUMER, bootstrap, {{"group.id", group}});
  const offset_list asked = offsets_of(topic, partition, RD_KAFKA_OFFSET_INVALID);
  const rd_kafka_resp_err_t error =
      rd_kafka_committed(onlooker.get(), asked.get(), patience_milliseconds);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw std::runtime_error(std::string("rd_kafka_committed: ") + rd_kafka_err2str(error));
  }
  return asked->elems[0].offset;
}

}  // namespace waybill_test

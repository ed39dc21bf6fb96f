#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>

#include "waybill/config.hpp"
#include "waybill/errc.hpp"

namespace waybill::inline v0::kafka {

namespace detail {
class client_registry;
}  // namespace detail

/// What instrument() put into a configuration: hand it to the producer so that it learns what
/// became of its messages. Copies are the same instrumentation; a default one knows no client.
/// @par Threads   any.
class WAYBILL_API instrumentation {
 public:
  /// ok; absent when there is none; carrier_failed when librdkafka refused the interceptors.
  [[nodiscard]] errc status() const noexcept { return status_; }

 private:
  friend WAYBILL_API instrumentation instrument(rd_kafka_conf_t* conf);
  friend class producer;

  std::shared_ptr<detail::client_registry> registry_;
  errc status_ = errc::absent;
};

/// Observes the acknowledgements of every client made from `conf` or from a copy of it. Call it
/// before rd_kafka_new. The application's opaque and callbacks are not touched. A second call for
/// the same configuration, or for a copy of it, answers the same instrumentation.
/// @par Broker    interceptors of librdkafka: on_new, on_conf_dup, on_send, on_acknowledgement,
///                on_destroy.
/// @par Threads   that of the configuration.
[[nodiscard]] WAYBILL_API instrumentation instrument(rd_kafka_conf_t* conf);

}  // namespace waybill::inline v0::kafka

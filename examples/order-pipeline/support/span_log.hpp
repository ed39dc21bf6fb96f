#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <waybill/messaging/tracer.hpp>
#include <waybill/propagation.hpp>

#include "log_file.hpp"

namespace order_pipeline {

/// A tracer that writes one line for each span to a log: all that waybill asks of one. A service
/// with a tracing SDK has the SDK's instead; one without passes its current context on unchanged.
class span_log final : public waybill::tracer {
 public:
  span_log(std::string service, log_file& log) : service_(std::move(service)), log_(log) {}

  waybill::span_handle start(const waybill::operation& what, const waybill::context_view& parent,
                             std::span<const waybill::span_context> links,
                             waybill::context& started) noexcept override;
  void end(waybill::span_handle span, const waybill::outcome& result) noexcept override;

  /// Starts a span that no message stands for, such as that of a request.
  waybill::span_handle start(std::string_view name, std::string_view kind,
                             const waybill::context_view& parent, waybill::context& started);

  /// Logs what the code of this service gets to see of an order: the headers it is shown, and the
  /// context that is the current one.
  void saw(std::string_view order, std::string_view body, const std::vector<header>& headers,
           std::span<const std::string_view> repeated_fields = {});
  /// Logs what the service made of it.
  void did(std::string_view order, std::string_view what);
  /// Logs the headers of a request as they came.
  void arrived(std::string_view order, const std::vector<header>& headers);

 private:
  std::string service_;
  log_file& log_;
};

/// The names of the fields that a message held more than once.
[[nodiscard]] std::vector<std::string_view> repeated_fields(const waybill::extraction& taken,
                                                            const waybill::propagation& settings);

}  // namespace order_pipeline

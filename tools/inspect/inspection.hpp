#pragma once

#include <waybill/context.hpp>
#include <waybill/format.hpp>
#include <waybill/header_list.hpp>
#include <waybill/propagator.hpp>

namespace waybill::tool {

/// What a receiver with these formats makes of headers.
struct inspection {
  propagator formats;
  context understood;
  extract_report report;
  header_list sent_on;  ///< What inject writes for the same position.

  /// Whether nothing was refused and nothing dropped.
  [[nodiscard]] bool is_good() const noexcept;
};

[[nodiscard]] inspection inspect(const header_list& headers, const propagator& formats);

}  // namespace waybill::tool

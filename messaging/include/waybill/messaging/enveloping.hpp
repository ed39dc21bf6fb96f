#pragma once

#include <cstddef>

#include "waybill/envelope.hpp"
#include "waybill/messaging/sending.hpp"

namespace waybill::inline v0::messaging {

/// How a payload goes out after wrap_what_fits().
struct enveloped {
  bool is_changed = false;  ///< False: the payload goes out as it is, not head() and body().
  span_context sent{};      ///< The span context in what goes out; may be invalid.
};

/// Writes the context of a message that is sent into its envelope and closes it, for brokers that
/// limit a message's size. Fields that do not fit are given up in the order of parts_to_try and
/// counted as dropped_for_size.
/// @par Input   `envelope`: the one whose fields `decided` was made from, as far as it has any.
///              `with_fields_max`: bytes of a payload that has fields. `bytes_max`: bytes of one
///              that has none, such as a frame around a payload that looks like one.
/// @par Errors  nothing throws.
[[nodiscard]] WAYBILL_API enveloped wrap_what_fits(
    const sending& decided, envelope_writer& envelope, std::size_t with_fields_max,
    std::size_t bytes_max, const propagation& settings, const destination& destination) noexcept;

}  // namespace waybill::inline v0::messaging

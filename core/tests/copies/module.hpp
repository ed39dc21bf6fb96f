#pragma once

#include <string_view>

namespace waybill_copies {

/// The copy of waybill that the shared library is linked with.
[[gnu::visibility("default")]] const void* context_id_of_module() noexcept;
/// Whether the shared library's current context has this traceparent.
[[gnu::visibility("default")]] bool module_sees(std::string_view traceparent) noexcept;

}  // namespace waybill_copies

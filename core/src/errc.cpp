#include "waybill/errc.hpp"

#include <array>

namespace waybill::inline v0 {

namespace {

struct error_text {
  std::string_view name;
  std::string_view message;
};

constexpr std::array<error_text, errc_count> error_texts{{
    {"ok", "The field or the call is good."},
    {"absent", "The field is not there or has a null value."},
    {"malformed", "The field breaks its grammar or carries no text."},
    {"forbidden_version", "The traceparent has the forbidden version ff."},
    {"zero_id", "The trace id or the span id is all zeros."},
    {"duplicate", "The field came more than once where only one value may."},
    {"no_traceparent", "The tracestate came without a usable traceparent and was not read."},
    {"too_large", "The field has more bytes than the limit."},
    {"too_many_members", "The list has more members than the limit."},
    {"needs_copy", "The field is good but cannot be shown without a copy; use extract."},
    {"invalid_key", "The key breaks the grammar of keys."},
    {"invalid_value", "The value breaks the grammar of values."},
    {"unknown_format", "No propagation format of this name is known."},
    {"no_memory", "An allocation failed and the part was left out."},
    {"carrier_failed", "The carrier's own function threw an exception."},
    {"dropped_for_size", "A part was left out because the message would not have fitted."},
    {"dropped_by_policy", "A part was left out because the boundary does not let it pass."},
    {"unknown_version", "The envelope has a version that is not known and was left as it is."},
    {"bad_checksum", "The envelope does not match its checksum and was left as it is."},
    {"no_envelope", "The payload cannot hold an envelope of this form."},
    {"listener_failed", "The application's own listener threw an exception."},
    {"too_many_fields", "Removing the fields would take too long and they were left."},
    {"unused_context", "A context was taken off a message and then never used."},
    {"given_up", "The table of messages in flight was full and the oldest was given up."},
}};

const error_text& text_of(errc code) noexcept {
  constexpr static error_text unknown{"unknown", "The code is of a newer version."};
  const auto index = static_cast<std::size_t>(code);
  return index < error_texts.size() ? error_texts[index] : unknown;
}

}  // namespace

std::string_view name(errc code) noexcept { return text_of(code).name; }

std::string_view message(errc code) noexcept { return text_of(code).message; }

#define WAYBILL_TEXT_OF(number) #number
#define WAYBILL_VERSION_TEXT(major, minor, patch) \
  WAYBILL_TEXT_OF(major) "." WAYBILL_TEXT_OF(minor) "." WAYBILL_TEXT_OF(patch)

std::string_view version() noexcept {
  return WAYBILL_VERSION_TEXT(WAYBILL_VERSION_MAJOR, WAYBILL_VERSION_MINOR, WAYBILL_VERSION_PATCH);
}

}  // namespace waybill::inline v0

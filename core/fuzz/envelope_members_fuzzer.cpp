// Any text as a payload whose context is in members of JSON. README.md says how an input is laid
// out.

#include <cstddef>
#include <cstdint>
#include <string>

#include "support/envelopes.hpp"
#include "support/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using waybill_fuzz::receive;
  using waybill_fuzz::require;
  constexpr waybill::envelope_form form = waybill::envelope_form::json_members;
  waybill_fuzz::input from(data, size);
  const waybill::context context = waybill_fuzz::context_by(from.byte());
  const std::string payload(from.rest());
  const waybill::propagation& settings = waybill_fuzz::counting_propagation();
  const waybill::unwrapped came = receive(form, payload, settings);
  const std::string clean(came.payload());
  if (came.code() == waybill::errc::ok) {
    require(clean.size() < payload.size(), "something was removed");
    require(receive(form, clean, settings).code() == waybill::errc::absent,
            "all of it, and no more");
  }
  const std::string sent = waybill_fuzz::send(form, clean, context, settings);
  const waybill::unwrapped back = receive(form, sent, settings);
  require(back.payload() == clean, "a text comes out as it went in");
  const std::string again = waybill_fuzz::send(form, sent, context, settings);
  require(again == sent, "sending it again changes nothing");
  if (!context.is_empty()) {
    const std::string replaced = waybill_fuzz::send(form, payload, context, settings);
    require(
        receive(form, replaced, settings).code() != waybill::errc::malformed || clean == payload,
        "what is an object stays one");
  }
  return 0;
}

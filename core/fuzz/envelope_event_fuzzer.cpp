// Any text as a CloudEvent in structured mode. README.md says how an input is laid out.

#include <cstddef>
#include <cstdint>
#include <string>

#include "support/envelopes.hpp"
#include "support/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using waybill_fuzz::require;
  constexpr waybill::envelope_form form = waybill::envelope_form::cloudevents_json;
  waybill_fuzz::input from(data, size);
  const waybill::context context = waybill_fuzz::context_by(from.byte());
  const std::string payload(from.rest());
  const waybill::propagation& settings = waybill_fuzz::counting_propagation();
  const waybill::unwrapped came = waybill_fuzz::receive(form, payload, settings);
  require(came.payload().data() == payload.data(), "an event is never changed on receive");
  const std::string sent = waybill_fuzz::send(form, payload, context, settings);
  require(came.code() != waybill::errc::ok || sent == payload, "what is there is never replaced");
  if (sent != payload) {
    const std::size_t brace = payload.find('{') + 1;
    const std::size_t added = sent.size() - payload.size();
    require(sent.substr(0, brace) + sent.substr(brace + added) == payload,
            "attributes are added in one place");
    require(waybill_fuzz::send(form, sent, context, settings) == sent, "and once");
  }
  return 0;
}

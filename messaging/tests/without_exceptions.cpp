// Messaging as a program without exceptions and run-time types uses it: compiled and linked with
// both switched off, so every public header is included here.

#include <cstdio>

#include "waybill/header_list.hpp"
#include "waybill/messaging/callback_link.hpp"
#include "waybill/messaging/deliveries.hpp"
#include "waybill/messaging/in_flight.hpp"
#include "waybill/messaging/operation.hpp"
#include "waybill/messaging/outcome.hpp"
#include "waybill/messaging/receiving.hpp"
#include "waybill/messaging/sending.hpp"
#include "waybill/messaging/tracer.hpp"

#if defined(__cpp_exceptions) || defined(__cpp_rtti)
#error "this program shows nothing when exceptions or run-time types are on"
#endif

namespace {

struct message : waybill::messaging::received {
  message(waybill::header_list& headers, const waybill::propagation& settings)
      : received([&] { return waybill::take(headers, settings, "orders"); }) {}
};

struct report {
  waybill::outcome_state outcome = waybill::outcome_state::unknown;
  waybill::span_context sent{};
  void* user_data = nullptr;
};
waybill::outcome as_outcome(const report& told) noexcept { return waybill::outcome(told.outcome); }

}  // namespace

int main() {
  namespace messaging = waybill::messaging;
  constexpr std::string_view traceparent =
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const auto describe = [] { return waybill::operation_details{.system = "none"}; };
  const waybill::propagation settings(waybill::propagation_options{});
  waybill::header_list received;
  received.add("traceparent", traceparent);
  const messaging::receiving receiver(settings, true);
  static_cast<void>(receiver.begin());
  message taken(received, settings);
  receiver.give(taken, "orders", describe, {});

  waybill::header_list sent;
  messaging::processing work(taken.extraction(), "orders", describe, settings);
  messaging::run(work, settings, [&] {
    const messaging::sending message(sent, {}, waybill::inject_mode::automatic, settings, "orders",
                                     describe);
    message.write(sent);
  });
  int told = 0;
  messaging::deliveries<report> deliveries(
      settings, [&told](const report&) { ++told; }, 1);
  messaging::callback_link<messaging::deliveries<report>> link;
  const bool is_attached = link.attach(deliveries);
  deliveries.accepted(1, {});
  link.call([](messaging::deliveries<report>& sender) {
    sender.answered(1, {.outcome = waybill::outcome_state::succeeded});
  });
  const bool is_known = is_attached && told == 1;

  const bool is_same = received.is_empty() && sent.get("traceparent") == traceparent && is_known;
  if (!is_same) std::fputs("what was sent is not what was received\n", stderr);
  return is_same ? 0 : 1;
}

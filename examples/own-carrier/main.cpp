// Context in a type of one's own. Any type is a carrier once it has three small functions; here it
// is the job of a work queue, whose worker runs on another thread.
// Prints what the worker saw; ends with 0 if that is what was sent.

#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <waybill/baggage.hpp>
#include <waybill/current.hpp>
#include <waybill/propagation.hpp>

namespace {

/// What the application had all along: a body, and notes of its own about it.
struct job {
  std::string body;
  std::map<std::string, std::string, std::less<>> notes;

  // What makes it a carrier. A view need not end with a NUL.
  static constexpr waybill::carrier_rules rules = waybill::broker_rules;
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const {
    const auto found = notes.find(name);
    if (found == notes.end()) return std::nullopt;
    return found->second;
  }
  void set(std::string_view name, std::string_view value) {
    notes.insert_or_assign(std::string(name), std::string(value));
  }
  void erase(std::string_view name) {
    if (const auto found = notes.find(name); found != notes.end()) notes.erase(found);
  }
};
static_assert(waybill::readable_carrier<job> && waybill::writable_carrier<job>);

/// Code far away from the queue: it only knows the current context.
void resize_picture(const job& work) {
  const waybill::context& context = waybill::current();
  std::cout << "worker: " << work.body << " in trace " << context.span_context().trace_id().hex()
            << ", for " << waybill::baggage_view(context).get("tenant").value_or("nobody") << '\n';
  for (const auto& [name, value] : work.notes) {
    std::cout << "worker: note " << name << " = " << value << '\n';
  }
}

}  // namespace

int main() {
  const waybill::propagation propagation;

  waybill::baggage items;
  items.set("tenant", "Caf\u00e9 du Nord");
  const waybill::context sent = waybill::context::new_root(true).with_baggage(items);
  job work{"resize cat.png", {{"priority", "low"}}};
  waybill::inject(sent, work, propagation, "pictures");
  for (const auto& [name, value] : work.notes) {
    std::cout << "queued: note " << name << " = " << value << '\n';
  }

  bool is_whole = false;
  std::thread worker([&] {
    const waybill::extraction taken = waybill::take(work, propagation, "pictures");
    const waybill::scope active(taken.context());
    resize_picture(work);
    is_whole = waybill::current() == sent && work.notes.size() == 1;
  });
  worker.join();
  return is_whole ? 0 : 1;
}

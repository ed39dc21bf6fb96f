#include "waybill/kafka/carrier.hpp"

#include "header_fields.hpp"
#include "header_names.hpp"

namespace waybill::inline v0::kafka {

namespace {

rd_kafka_headers_t* headers_of(const rd_kafka_message_t& message) noexcept {
  // What an error report carries is no message.
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) return nullptr;
  rd_kafka_headers_t* list = nullptr;
  return rd_kafka_message_headers(&message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR ? list : nullptr;
}

destination topic_of(const rd_kafka_message_t& message) noexcept {
  return message.rkt == nullptr ? destination{} : destination(rd_kafka_topic_name(message.rkt));
}

/// Counts a list whose fields stay.
errc leave(const propagation& settings, const destination& topic) noexcept {
  settings.record(direction::inbound, errc::too_many_fields, topic);
  return errc::too_many_fields;
}

/// Reads and strips; `refuse()` is called instead of stripping where that would take too long.
template <class Refuse>
extraction take_or(Refuse&& refuse, rd_kafka_headers_t* list, const propagation& settings,
                   const destination& topic) noexcept {
  if (list == nullptr) return extract(list, settings, topic);
  const detail::stripping_reader reader(*list, settings.propagator());
  extraction taken = waybill::extract(reader, settings, topic);
  if (reader.cost().is_bearable()) {
    reader.strip(*list);
  } else {
    refuse();
  }
  return taken;
}

}  // namespace

namespace detail {

rd_kafka_headers_t* copy_without_fields(const rd_kafka_headers_t& list,
                                        const propagator& formats) noexcept {
  rd_kafka_headers_t* kept = rd_kafka_headers_new(0);
  const std::size_t none = formats.fields().size();
  header_reader(&list).for_each([&](std::string_view name, const field_value& value) {
    if (formats.field_index(name) != none) return;
    rd_kafka_header_add(kept, name.data(), static_cast<ssize_t>(name.size()), value.text.data(),
                        static_cast<ssize_t>(value.text.size()));
  });
  return kept;
}

void stripping_reader::strip(rd_kafka_headers_t& list) const noexcept {
  // From the last one on: fields stand at the end, in their order, and nothing behind them moves.
  const auto fields = formats_->fields();
  for (std::size_t i = fields.size(); i-- > 0;) {
    if (((exact_ >> i) & 1) != 0) remove_exactly(list, fields[i].name);
  }
  if (has_other_spellings_) remove_fields(list, *formats_);
}

void remove_fields(rd_kafka_headers_t& list, const propagator& formats) noexcept {
  const std::size_t none = formats.fields().size();
  remove_headers(list, [&](std::string_view name) { return formats.field_index(name) != none; });
}

}  // namespace detail

extraction extract(const rd_kafka_headers_t* list, const propagation& settings,
                   const destination& destination) noexcept {
  const header_reader reader(list);
  return waybill::extract(reader, settings, destination);
}

extraction extract(const rd_kafka_message_t& message, const propagation& settings) noexcept {
  return extract(headers_of(message), settings, topic_of(message));
}

result<context_view> peek(const rd_kafka_headers_t* list, const propagation& settings,
                          const destination& destination) noexcept {
  return waybill::peek(header_reader(list), settings, destination);
}

result<context_view> peek(const rd_kafka_message_t& message, const propagation& settings) noexcept {
  return peek(headers_of(message), settings, topic_of(message));
}

errc strip(rd_kafka_headers_t* list, const propagation& settings,
           const destination& destination) noexcept {
  if (list == nullptr) return errc::ok;
  const detail::stripping_reader reader(*list, settings.propagator());
  reader.look();
  if (!reader.cost().is_bearable()) return leave(settings, destination);
  reader.strip(*list);
  return errc::ok;
}

errc strip(rd_kafka_message_t& message, const propagation& settings) noexcept {
  return strip(headers_of(message), settings, topic_of(message));
}

extraction take(rd_kafka_headers_t* list, const propagation& settings,
                const destination& destination) noexcept {
  return take_or([&]() noexcept { leave(settings, destination); }, list, settings, destination);
}

extraction take(rd_kafka_message_t& message, const propagation& settings) noexcept {
  return take(headers_of(message), settings, topic_of(message));
}

extraction detail::take_whole(rd_kafka_message_t& message, const propagation& settings,
                              rd_kafka_headers_t*& replaced) noexcept {
  rd_kafka_headers_t* list = headers_of(message);
  const auto replace = [&]() noexcept {
    // Somebody may hold the list: it is taken out of the message, and kept.
    rd_kafka_headers_t* kept = copy_without_fields(*list, settings.propagator());
    rd_kafka_message_detach_headers(&message, &replaced);
    rd_kafka_message_set_headers(&message, kept);
  };
  return take_or(replace, list, settings, topic_of(message));
}

inject_report inject(const context& context, rd_kafka_headers_t& list, const propagation& settings,
                     const destination& destination, const inject_budget& budget) noexcept {
  return inject(context_view(context), list, settings, destination, budget);
}

inject_report inject(const context_view& context, rd_kafka_headers_t& list,
                     const propagation& settings, const destination& destination,
                     const inject_budget& budget) noexcept {
  const detail::stripping_reader reader(list, settings.propagator());
  reader.look();
  const bool has_fields = reader.cost().fields != 0;
  // A context with a trace replaces all of them, which is cheaper at once than one by one.
  const bool strips = has_fields && context.has_trace() && reader.cost().is_bearable();
  if (strips) reader.strip(list);
  const bool appends = (strips || !has_fields) && !settings.propagator().has_shared_fields();
  header_writer writer = appends ? header_writer::appending_to(list) : header_writer(list);
  return waybill::inject(context, writer, settings, destination, budget);
}

}  // namespace waybill::inline v0::kafka

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

/// What is left of a message's headers, `found` of which are fields. `remove` takes them away one
/// by one.
template <class F>
void strip_headers(rd_kafka_message_t& message, const rd_kafka_headers_t& list, std::size_t found,
                   const propagator& formats, F&& remove) noexcept {
  if (found > detail::removals_max) {
    rd_kafka_message_set_headers(&message, detail::copy_without_fields(list, formats));
  } else if (found > 0) {
    remove();
  }
}

}  // namespace

namespace detail {

std::size_t count_fields(const rd_kafka_headers_t* list, const propagator& formats,
                         std::size_t enough) noexcept {
  if (list == nullptr) return 0;
  const field_names names(formats);
  std::size_t found = 0;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t bytes = 0;
  for (std::size_t i = 0;
       found < enough &&
       rd_kafka_header_get_all(list, i, &name, &value, &bytes) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    if (names.has(name)) ++found;
  }
  return found;
}

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

void stripping_reader::strip() const noexcept {
  if (has_other_spellings_) {
    remove_fields(*list_, *formats_);
    return;
  }
  // From the last one on: fields stand at the end, in their order, and nothing behind them moves.
  const auto fields = formats_->fields();
  for (std::size_t i = fields.size(); i-- > 0;) {
    if (((exact_ >> i) & 1) != 0) remove_exactly(*list_, fields[i].name);
  }
}

void remove_fields(rd_kafka_headers_t& list, const propagator& formats) noexcept {
  const std::size_t none = formats.fields().size();
  remove_headers(list, [&](std::string_view name) { return formats.field_index(name) != none; });
}

}  // namespace detail

extraction extract(const rd_kafka_headers_t* list, const propagation& with,
                   const destination& from) noexcept {
  const header_reader reader(list);
  return waybill::extract(reader, with, from);
}

extraction extract(const rd_kafka_message_t& message, const propagation& with) noexcept {
  return extract(headers_of(message), with, topic_of(message));
}

result<context_view> peek(const rd_kafka_headers_t* list, const propagation& with,
                          const destination& from) noexcept {
  return waybill::peek(header_reader(list), with, from);
}

result<context_view> peek(const rd_kafka_message_t& message, const propagation& with) noexcept {
  return peek(headers_of(message), with, topic_of(message));
}

void strip(rd_kafka_headers_t* list, const propagation& with) noexcept {
  if (list != nullptr) detail::remove_fields(*list, with.formats);
}

void strip(rd_kafka_message_t& message, const propagation& with) noexcept {
  rd_kafka_headers_t* list = headers_of(message);
  if (list == nullptr) return;
  const std::size_t found = detail::count_fields(list, with.formats, detail::removals_max + 1);
  strip_headers(message, *list, found, with.formats,
                [&] { detail::remove_fields(*list, with.formats); });
}

extraction take(rd_kafka_headers_t* list, const propagation& with,
                const destination& from) noexcept {
  if (list == nullptr) return extract(list, with, from);
  const detail::stripping_reader reader(*list, with.formats);
  extraction taken = waybill::extract(reader, with, from);
  reader.strip();
  return taken;
}

extraction take(rd_kafka_message_t& message, const propagation& with) noexcept {
  rd_kafka_headers_t* list = headers_of(message);
  if (list == nullptr) return extract(list, with, topic_of(message));
  const detail::stripping_reader reader(*list, with.formats);
  extraction taken = waybill::extract(reader, with, topic_of(message));
  strip_headers(message, *list, reader.found(), with.formats, [&] { reader.strip(); });
  return taken;
}

inject_report inject(const context& context, rd_kafka_headers_t& list, const propagation& with,
                     const destination& to, const inject_budget& budget) noexcept {
  return inject(context_view(context), list, with, to, budget);
}

inject_report inject(const context_view& context, rd_kafka_headers_t& list, const propagation& with,
                     const destination& to, const inject_budget& budget) noexcept {
  if (detail::count_fields(&list, with.formats, 1) == 0) {
    detail::header_appender appender(list);
    return waybill::inject(context, appender, with, to, budget);
  }
  header_writer writer(list);
  return waybill::inject(context, writer, with, to, budget);
}

}  // namespace waybill::inline v0::kafka

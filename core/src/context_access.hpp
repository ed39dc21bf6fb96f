#pragma once

#include <utility>

#include "waybill/context.hpp"
#include "waybill/format.hpp"

namespace waybill::inline v0::detail {

/// The one door to what only the library may do: make contexts from text that it has checked,
/// and write values that it has checked.
struct context_access {
  /// `state` and `items` are canonical.
  static context_view make_view(const trace_context& trace, std::string_view state,
                                std::string_view items, std::uint32_t members) noexcept {
    context_view view;
    view.trace_ = trace;
    view.tracestate_ = state;
    view.baggage_ = items;
    view.baggage_members_ = members;
    return view;
  }
  /// What make_view would borrow, owned.
  static context make_context(const extract_draft& draft) noexcept {
    context made(draft.trace_);
    if (!draft.tracestate_.empty() || !draft.baggage_.empty()) {
      made.store(draft.tracestate_, draft.baggage_, draft.baggage_members_);
    }
    return made;
  }
  /// Reads a traceparent to its place, without the copies that set_trace would make.
  static errc read_trace(extract_draft& draft, std::string_view traceparent) noexcept {
    const errc code = parse_traceparent(traceparent, draft.trace_);
    if (code == errc::ok) draft.tracestate_ = {};
    return code;
  }
  static void borrow_tracestate(extract_draft& draft, std::string_view text) noexcept {
    draft.tracestate_ = text;
  }
  static void borrow_baggage(extract_draft& draft, std::string_view text,
                             std::uint32_t members) noexcept {
    draft.baggage_ = text;
    draft.baggage_members_ = members;
  }
  static void own_tracestate(extract_draft& draft, text_buffer& text) noexcept {
    draft.tracestate_owned_.swap(text);
    draft.tracestate_ = draft.tracestate_owned_.view();
  }
  static void own_baggage(extract_draft& draft, text_buffer& text, std::uint32_t members) noexcept {
    draft.baggage_owned_.swap(text);
    draft.baggage_ = draft.baggage_owned_.view();
    draft.baggage_members_ = members;
  }
  static void put(field_writer& writer, std::size_t index, std::string_view value) noexcept {
    const std::uint8_t slot = writer.slots_[index];
    writer.failed_ |= !writer.carrier_.set(writer.fields_[slot].name, value);
    writer.written_ |= std::uint32_t{1} << slot;
  }
};

}  // namespace waybill::inline v0::detail

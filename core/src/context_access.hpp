#pragma once

#include <utility>

#include "collected_fields.hpp"
#include "fast_traceparent.hpp"
#include "waybill/context.hpp"
#include "waybill/format.hpp"

namespace waybill::inline v0::detail {

/// The one door to what only the library may do: make contexts from text that it has checked,
/// and write values that it has checked.
struct context_access {
  /// `state` and `items` are canonical.
  static context_view make_view(const span_context& trace, std::string_view state,
                                std::string_view items, std::uint32_t members) noexcept {
    context_view view;
    view.span_context_ = trace;
    view.tracestate_ = state;
    view.baggage_ = items;
    view.baggage_members_ = members;
    return view;
  }
  /// Where formats write the position of a new context.
  static span_context& span_context_of(context& made) noexcept { return made.span_context_; }
  static span_context& span_context_of(context_view& made) noexcept { return made.span_context_; }
  /// Gives a new context the texts that formats found: copied,
  static void store_texts(const extract_draft& draft, context& made) noexcept {
    if (draft.tracestate_.empty() && draft.baggage_.empty()) return;
    made.store(draft.tracestate_, draft.baggage_, draft.baggage_members_);
  }
  /// or borrowed.
  static void store_texts(const extract_draft& draft, context_view& made) noexcept {
    made.tracestate_ = draft.tracestate_;
    made.baggage_ = draft.baggage_;
    made.baggage_members_ = draft.baggage_members_;
  }
  /// Reads a traceparent to its place, without the copies that set_trace would make.
  static errc read_trace(extract_draft& draft, std::string_view traceparent) noexcept {
    const errc code = parse_traceparent_inline(traceparent, *draft.span_context_);
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
  /// What field_values answers for a field that is ok, without a call.
  static std::string_view text(const field_values& values, std::size_t index) noexcept {
    return values.collected_->text(values.slots_[index]);
  }
  static std::uint32_t count(const field_values& values, std::size_t index) noexcept {
    return values.collected_->count(values.slots_[index]);
  }
  /// False when the carrier's own function threw. What the field holds then is erased at the end.
  static bool put(field_writer& writer, std::size_t index, std::string_view value) noexcept {
    const std::uint8_t slot = writer.slots_[index];
    if (writer.fields_[slot].access == field_access::read_only) return false;
    if (!writer.carrier_->set(writer.fields_[slot].name, value)) {
      writer.failed_ = true;
      return false;
    }
    writer.written_ |= std::uint32_t{1} << slot;
    return true;
  }
};

}  // namespace waybill::inline v0::detail

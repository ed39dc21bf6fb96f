#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "waybill/detail/text_buffer.hpp"
#include "waybill/frame.hpp"
#include "waybill/propagation.hpp"

namespace waybill::inline v0 {

namespace detail {
class json_object;
struct json_deleter {
  WAYBILL_API void operator()(json_object* parsed) const noexcept;
};
/// The members found in a JSON payload; null for other forms.
using json_pointer = std::unique_ptr<json_object, json_deleter>;

/// Any callable as a field_visitor, for the length of a call.
template <class F>
[[nodiscard]] field_visitor visitor_of(F& visit) noexcept {
  return field_visitor(
      [](void* state, std::string_view name, const field_value& value) noexcept {
        (*static_cast<F*>(state))(name, value);
      },
      const_cast<void*>(static_cast<const void*>(&visit)), field_name_filter::all());
}
}  // namespace detail

/// A payload on its way out: a carrier, readable (what the payload says already) and writable.
/// Made, written to by `inject` or `sending::write`, closed, and then head() and body() are sent
/// one behind the other. `wrap` does all of it.
/// @par Shape      frame: head() is the frame's header, body() the payload as it was given.
///                 JSON: head() is the whole new text, body() is empty. A payload that passes as
///                 it is: head() is empty.
/// @par Cost       frame: nothing that grows with the payload, no allocation for usual contexts.
///                 JSON: linear in the payload, which is read once and copied once.
/// @par Errors     nothing throws; what cannot be wrapped is sent as it is, and counted.
/// @par Lifetime   borrows the payload, the propagation and the destination.
/// @par Threads    one.
class WAYBILL_API envelope_writer {
 public:
  /// `payload` is null (std::nullopt) where the protocol tells null from empty, such as a
  /// tombstone: a null payload is never wrapped, since it would be none any more.
  envelope_writer(envelope_form form, std::optional<std::string_view> payload,
                  const propagation& settings, const destination& destination) noexcept;

  /// ok; or why the payload cannot hold fields: no_envelope (null, no JSON object, no CloudEvent),
  /// malformed (begins like an object, and is none), too_large, no_memory. Counted when a field is
  /// to be written.
  [[nodiscard]] errc code() const noexcept { return code_; }
  /// The mode for `sending`: a CloudEvent keeps the context it has.
  [[nodiscard]] inject_mode mode(inject_mode wanted) const noexcept {
    return has_event_context_ ? inject_mode::keep : wanted;
  }
  /// What may be written within `wanted`: a block of a frame has a limit of its own, and each form
  /// adds its bytes to a field. Exact for a frame; escapes of JSON are not foreseen.
  [[nodiscard]] inject_budget budget(const inject_budget& wanted = {}) const noexcept;

  /// Shows the fields that the payload holds: those of JSON, of each the first and the last value.
  /// What is in front of another payload is that payload's own business, and not looked at.
  template <class F>
  void for_each(F&& visit) const {
    if (json_ != nullptr) for_each_member(detail::visitor_of(visit));
  }
  /// The last value counts; names of JSON are exact.
  [[nodiscard]] carrier_rules rules() const noexcept;
  /// Replaces a field. JSON: fields of the propagator alone; a member whose value is neither a
  /// string nor null is the application's own, and stays.
  void set(std::string_view name, std::string_view value) noexcept;
  /// Takes a field away. Those of a CloudEvent stay.
  void erase(std::string_view name) noexcept;

  /// Makes head() and body() for what has been set. May be called again after a change.
  /// @par Errors   no_memory, counted: then the payload goes out as it is.
  errc close() noexcept;
  /// The two parts of what is sent, once it is closed.
  /// @par Lifetime   until the next change; body() as long as the payload.
  /// @{
  [[nodiscard]] std::string_view head() const& noexcept {
    return form_ == envelope_form::frame ? pairs_.bytes() : text_.view();
  }
  [[nodiscard]] std::string_view body() const& noexcept {
    return text_.size() > 0 ? std::string_view() : payload_;
  }
  std::string_view head() const&& = delete;
  std::string_view body() const&& = delete;
  [[nodiscard]] std::size_t size() const noexcept { return head().size() + body().size(); }
  /// @}
  /// Whether what is sent differs from the payload.
  [[nodiscard]] bool is_changed() const noexcept { return !head().empty(); }
  /// Whether the payload is null and has to be sent as null.
  [[nodiscard]] bool is_null() const noexcept { return is_null_; }
  /// Appends both parts. May throw std::bad_alloc.
  void append_to(std::string& text) const { text.append(head()).append(body()); }

  /// Which parts of the context are in what is sent, once it is closed; carrier_failed never
  /// occurs.
  /// @{
  [[nodiscard]] const inject_report& report() const& noexcept { return report_; }
  [[nodiscard]] inject_report report() const&& noexcept { return report_; }
  /// @}

 private:
  friend WAYBILL_API envelope_writer wrap(envelope_form form,
                                          std::optional<std::string_view> payload,
                                          const context_view& context, const propagation& settings,
                                          const destination& destination,
                                          const inject_budget& budget) noexcept;

  [[nodiscard]] std::span<const field> fields() const noexcept;
  [[nodiscard]] bool is_json() const noexcept { return form_ > envelope_form::frame; }
  void for_each_member(const field_visitor& visit) const noexcept;
  errc close_json() noexcept;
  void tell_parts() noexcept;
  void record(errc code, std::string_view name = {}) noexcept;

  const propagation* settings_;
  waybill::destination destination_;
  std::string_view payload_;
  envelope_form form_;
  bool is_null_;
  bool has_event_context_ = false;
  errc recorded_ = errc::ok;
  errc code_ = errc::ok;
  std::uint32_t replaced_ = 0;  // JSON: bits of the fields whose members go
  inject_report report_;
  frame_header pairs_;  // what was set, whatever the form
  detail::json_pointer json_;
  detail::text_buffer text_;  // JSON: what is sent
};

/// Puts a context into a payload: applies the boundary's outbound side, then replaces the fields
/// that are there. A frame is put around a payload that begins like one, too, without a context:
/// who receives it takes one frame off.
/// @par Output   a closed envelope_writer: send head() and body(). report() says what went in.
[[nodiscard]] WAYBILL_API envelope_writer wrap(envelope_form form,
                                               std::optional<std::string_view> payload,
                                               const context_view& context,
                                               const propagation& settings,
                                               const destination& destination,
                                               const inject_budget& budget = {}) noexcept;
[[nodiscard]] inline envelope_writer wrap(envelope_form form,
                                          std::optional<std::string_view> payload,
                                          const context& context, const propagation& settings,
                                          const destination& destination,
                                          const inject_budget& budget = {}) noexcept {
  return wrap(form, payload, context_view(context), settings, destination, budget);
}

/// A payload that was received: a carrier of what its envelope says, and the payload without it.
/// @par Cost       frame: nothing that grows with the payload, no allocation. JSON: linear.
/// @par Lifetime   borrows the payload and the propagation.
/// @par Threads    one.
class WAYBILL_API envelope_reader {
 public:
  /// What looks like an envelope and is none is counted.
  envelope_reader(envelope_form form, std::optional<std::string_view> payload,
                  const propagation& settings, const destination& destination) noexcept;

  /// ok: there is an envelope. absent: there is none, and nothing is wrong. Otherwise why what
  /// looks like one is none: unknown_version, bad_checksum, malformed, too_large, no_memory.
  [[nodiscard]] errc code() const noexcept { return code_; }
  /// Shows what the envelope says.
  template <class F>
  void for_each(F&& visit) const {
    frame_.for_each(visit);
    if (json_ != nullptr) for_each_member(detail::visitor_of(visit));
  }
  /// The last value counts; names of JSON are exact.
  [[nodiscard]] carrier_rules rules() const noexcept;

  /// Takes the members of the propagator's fields out of a JSON object, which is then a text of
  /// this object. There is nothing to do for the other forms.
  /// @par Errors   no_memory, counted: then they stay.
  errc strip() noexcept;
  /// The payload for the application: of a frame what is behind it, of JSON as strip() left it.
  /// @par Lifetime   that of the payload received, unless owns_payload().
  [[nodiscard]] std::string_view payload() const& noexcept {
    return owns_payload() ? text_.view() : payload_;
  }
  std::string_view payload() const&& = delete;
  /// Whether payload() is a text of this object, which ends with it.
  [[nodiscard]] bool owns_payload() const noexcept { return text_.size() > 0; }
  /// Whether the payload is null, as it came.
  [[nodiscard]] bool is_null() const noexcept { return is_null_; }

 private:
  [[nodiscard]] std::span<const field> fields() const noexcept;
  void for_each_member(const field_visitor& visit) const noexcept;
  void record(errc code) const noexcept;

  const propagation* settings_;
  waybill::destination destination_;
  std::string_view received_;
  std::string_view payload_;
  envelope_form form_;
  bool is_null_;
  errc code_ = errc::absent;
  frame_view frame_;  // only for frames
  detail::json_pointer json_;
  detail::text_buffer text_;  // json_members: without them
};

/// What a payload was and carried.
class unwrapped {
 public:
  /// The payload for the application; see envelope_reader::payload().
  /// @par Lifetime   that of the payload received, or of this object where owns_payload().
  /// @{
  [[nodiscard]] std::string_view payload() const& noexcept { return envelope_.payload(); }
  std::string_view payload() const&& = delete;
  [[nodiscard]] bool owns_payload() const noexcept { return envelope_.owns_payload(); }
  [[nodiscard]] bool is_null() const noexcept { return envelope_.is_null(); }
  /// @}
  /// As of envelope_reader.
  [[nodiscard]] errc code() const noexcept { return envelope_.code(); }
  /// What the envelope carried, and what the boundary makes of it.
  /// @{
  [[nodiscard]] const waybill::extraction& extraction() const& noexcept { return extraction_; }
  [[nodiscard]] waybill::extraction extraction() && noexcept { return std::move(extraction_); }
  /// @}

 private:
  friend WAYBILL_API unwrapped unwrap(envelope_form form, std::optional<std::string_view> payload,
                                      const propagation& settings,
                                      const destination& destination) noexcept;
  unwrapped(envelope_reader&& envelope, const propagation& settings,
            const destination& destination) noexcept;

  envelope_reader envelope_;
  waybill::extraction extraction_;
};

/// Reads what a payload's envelope says, and takes it off. Whatever is no envelope of this form
/// passes as it is, byte for byte.
[[nodiscard]] WAYBILL_API unwrapped unwrap(envelope_form form,
                                           std::optional<std::string_view> payload,
                                           const propagation& settings,
                                           const destination& destination) noexcept;

}  // namespace waybill::inline v0

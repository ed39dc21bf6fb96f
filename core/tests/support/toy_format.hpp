#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <waybill/format.hpp>

namespace waybill_test {

/// A header convention as a user might add one: a single header that holds what a traceparent
/// does, with "." between its parts and without the version.
/// @par BNF   toy = 32HEXDIGLC "." 16HEXDIGLC "." 2HEXDIGLC
class toy_format final : public waybill::format {
 public:
  explicit toy_format(std::string_view format_name = "toy",
                      std::string_view field_name = "x-toy") noexcept
      : name_(format_name), fields_{{{field_name}}} {}

  [[nodiscard]] std::string_view name() const noexcept override { return name_; }
  [[nodiscard]] std::span<const waybill::field> fields() const noexcept override { return fields_; }

  void extract(const waybill::field_values& values,
               waybill::extract_draft& draft) const noexcept override {
    if (values.state(0) != waybill::errc::ok) return;
    const std::string_view text = values.text(0);
    std::array<char, waybill::traceparent_bytes> traceparent{'0', '0', '-'};
    if (text.size() != traceparent.size() - 3 || text[32] != '.' || text[49] != '.') {
      draft.report(0, waybill::errc::malformed);
      return;
    }
    text.copy(traceparent.data() + 3, text.size());
    traceparent[35] = '-';
    traceparent[52] = '-';
    const auto trace = waybill::parse_traceparent({traceparent.data(), traceparent.size()});
    if (!trace) {
      draft.report(0, trace.error());
      return;
    }
    draft.set_span_context(*trace);
    draft.report(0, waybill::errc::ok);
  }

  void inject(const waybill::context_view& context,
              waybill::field_writer& writer) const noexcept override {
    std::array<char, waybill::traceparent_bytes> text =
        waybill::to_traceparent(context.span_context());
    text[35] = '.';
    text[52] = '.';
    writer.set(0, std::string_view(text.data(), text.size()).substr(3));
  }

 private:
  std::string_view name_;
  std::array<waybill::field, 1> fields_;
};

/// What the toy format writes for a position.
inline std::string toy_text_of(const waybill::span_context& trace) {
  const std::array<char, waybill::traceparent_bytes> parts = waybill::to_traceparent(trace);
  std::string text = std::string(parts.data(), parts.size()).substr(3);
  text[32] = '.';
  text[49] = '.';
  return text;
}

}  // namespace waybill_test

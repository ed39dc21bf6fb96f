#include "pages.hpp"

#include <algorithm>
#include <iomanip>
#include <ostream>
#include <sstream>

namespace order_pipeline {

namespace {

constexpr std::size_t label_columns = 14;
constexpr std::size_t indent_columns = 4;
constexpr std::size_t service_columns = 11;

/// Bytes of a header as text: whatever is not printable ASCII as \xNN.
std::string printable(std::string_view bytes) {
  std::ostringstream text;
  for (const char each : escape(bytes)) {
    const auto byte = static_cast<unsigned char>(each);
    if (byte < 0x80) {
      text << each;
    } else {
      text << "\\x" << std::hex << std::setw(2) << std::setfill('0') << unsigned{byte};
    }
  }
  return text.str();
}

std::string shown(const header& each) {
  if (!each.value.has_value()) return "(null)";
  return each.value->empty() ? "(empty)" : printable(*each.value);
}

class page {
 public:
  page(std::ostream& out, const terminal& look, const run_facts& facts, const order_facts& order)
      : out_(out), look_(look), facts_(facts), order_(order), trace_(trace_of(order)) {}

  void print() {
    print_title();
    for (const stage& each : order_.stages) {
      for (const log_entry& came : each.came) print_came(came);
      for (const log_entry& saw : each.saw) print_saw(each, saw);
    }
    print_trace();
  }

 private:
  void print_title() {
    const stage* first = order_.stages.empty() ? nullptr : &order_.stages.front();
    std::string_view story = "it never came";
    if (first != nullptr && !first->came.empty()) {
      const bool has_context = position_in(first->came.front().headers()).has_value();
      story = first->service != "gateway" ? "sent again by a client that only ever appends headers"
              : has_context               ? "a request with a context from upstream"
                                          : "a request without any context";
    }
    const std::string title = "order " + order_.id + ": " + std::string(story) + ' ';
    out_ << '\n' << look_.bold(title);
    for (std::size_t i = width(title); i < terminal::columns; ++i) out_ << look_.pick("━", "=");
    out_ << '\n';
  }

  /// One line of a label and a value; a value that is too long goes on below itself.
  void line(std::string_view mark, std::string_view label, std::string_view value,
            bool is_field = false) {
    const std::string name = padded(label, label_columns);
    const std::size_t room = terminal::columns - indent_columns - width(name);
    out_ << padded("  " + std::string(mark), indent_columns)
         << (is_field ? look_.field(name) : look_.dim(name));
    while (width(value) > room) {
      std::size_t cut = value.substr(0, room).find_last_of(", ");
      cut = cut == std::string_view::npos ? room : cut + 1;
      out_ << highlighted(value.substr(0, cut)) << '\n'
           << std::string(indent_columns + width(name), ' ');
      value.remove_prefix(cut);
    }
    out_ << highlighted(value) << '\n';
  }

  std::string highlighted(std::string_view value) const {
    const std::size_t at = trace_.empty() ? std::string_view::npos : value.find(trace_);
    if (at == std::string_view::npos) return std::string(value);
    return std::string(value.substr(0, at)) + look_.trace(trace_) +
           std::string(value.substr(at + trace_.size()));
  }

  void print_came(const log_entry& came) {
    const std::string where =
        came.kind() == "wire" ? "on the wire, " + came.get("where") : "the request";
    out_ << "\n  " << look_.bold(where);
    if (came.kind() == "wire") out_ << look_.dim(" (read by " + came.get("by") + ")");
    out_ << '\n';
    for (const header& each : came.headers()) {
      const bool is_field = is_context_field(each.name);
      line(is_field ? look_.pick("»", ">") : "", printable(each.name), shown(each), is_field);
    }
  }

  /// Items side by side, as many as fit into a line.
  void print_list(std::string_view label, const std::vector<std::string>& items) {
    constexpr std::size_t room = terminal::columns - indent_columns - label_columns;
    const std::string_view between = look_.pick(" · ", " | ");
    std::string text;
    for (const std::string& item : items) {
      if (!text.empty() && width(text) + width(between) + width(item) > room) {
        line("", label, text);
        text.clear();
        label = "";
      }
      text += text.empty() ? item : std::string(between) + item;
    }
    line("", label, text.empty() ? "none" : text);
  }

  void print_saw(const stage& at, const log_entry& saw) {
    out_ << "  " << look_.bold("what " + at.service + " saw") << '\n';
    std::vector<std::string> headers;
    for (const header& each : saw.headers()) {
      headers.push_back(printable(each.name) + ": " + shown(each));
    }
    print_list("headers", headers);
    line("", "body", printable(saw.get("body")));
    const bool begins = !at.came.empty() && !position_in(at.came.front().headers()).has_value();
    line("", "trace",
         saw.get("trace") + ", span " + saw.get("span") + (begins ? ", begins here" : ""));
    if (!saw.get("tracestate").empty()) line("", "tracestate", printable(saw.get("tracestate")));
    std::vector<std::string> baggage;
    for (const std::string& member : saw.all("baggage")) baggage.push_back(escape(member));
    print_list("baggage", baggage);
    std::vector<std::string> repeated = saw.all("repeated");
    if (!repeated.empty()) {
      repeated.back() += ": the last one counts";
      print_list("repeated", repeated);
    }
    line("", "did", escape(at.did));
  }

  void print_trace() {
    out_ << "\n  " << look_.bold("the trace ") << look_.trace(trace_) << std::string(36, ' ')
         << look_.dim("starts at       took") << '\n';
    std::string outside;
    for (const span_facts& span : facts_.spans) {
      if (span.trace != trace_ || find_span(facts_, trace_, span.parent) != nullptr) continue;
      first_ns_ = first_ns_ == 0 ? span.start_ns : first_ns_;
      if (!span.parent.empty() && span.parent != outside) {
        outside = span.parent;
        out_ << "    "
             << look_.dim(padded("", service_columns) + "span " + outside + ", of whoever sent it")
             << '\n';
      }
      print_span(span, span.parent.empty() ? 0 : 1);
    }
  }

  void print_row(std::size_t depth, std::string_view branch, const span_facts& span,
                 std::string_view remark) {
    constexpr std::size_t tree_columns = 69;
    std::string left(indent_columns, ' ');
    left += padded(span.service, service_columns);
    if (depth > 0) left += std::string((depth - 1) * 3, ' ') + std::string(branch);
    left += span.name;
    std::ostringstream times;
    times << std::fixed << std::setprecision(2) << std::setw(8)
          << static_cast<double>(span.start_ns - first_ns_) / 1e6 << " ms" << std::setw(8)
          << static_cast<double>(span.end_ns - span.start_ns) / 1e6 << " ms";
    out_ << padded(left, tree_columns) << padded(span.kind, 9)
         << (remark.empty() ? times.str() : look_.dim(remark)) << '\n';
  }

  void print_span(const span_facts& top, std::size_t depth_of_top) {
    struct place {
      const span_facts* span;
      std::size_t depth;
    };
    std::vector<place> left{{&top, depth_of_top}};
    while (!left.empty()) {
      const place next = left.back();
      left.pop_back();
      print_row(next.depth, look_.pick("└─ ", "`- "), *next.span, {});
      for (const span_facts& other : facts_.spans) {
        for (const auto& [trace, id] : other.links) {
          if (id != next.span->id || other.trace == trace_) continue;
          print_row(next.depth + 1, look_.pick("┄┄ ", ".. "), other, "own trace, linked");
        }
      }
      const auto first_child = static_cast<std::ptrdiff_t>(left.size());
      for (const span_facts& child : facts_.spans) {
        if (child.trace == trace_ && child.parent == next.span->id) {
          left.push_back({&child, next.depth + 1});
        }
      }
      std::reverse(left.begin() + first_child, left.end());  // the earliest is taken next
    }
  }

  std::ostream& out_;
  const terminal& look_;
  const run_facts& facts_;
  const order_facts& order_;
  std::string trace_;
  std::int64_t first_ns_ = 0;
};

}  // namespace

void print_order(std::ostream& out, const terminal& look, const run_facts& facts,
                 const order_facts& order) {
  page(out, look, facts, order).print();
}

}  // namespace order_pipeline

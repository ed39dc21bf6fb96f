#include "json_walker.hpp"

#include "waybill/detail/hex.hpp"

namespace waybill::inline v0::detail {

namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// The value of a hexadecimal digit in either case, or -1.
int any_hex_digit_value(char c) noexcept {
  return hex_digit_value(c >= 'A' && c <= 'F' ? static_cast<char>(c | 0x20) : c);
}

/// Whether none of eight characters ends a run of plain ones: a quote, a backslash, a control
/// character. A sum may carry only into bytes behind one that does.
bool is_plain_8(const char* at) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101U;
  constexpr std::uint64_t high = 0x80 * ones;
  const std::uint64_t word = load_little_endian(at);
  const std::uint64_t quotes = word ^ ('"' * ones);
  const std::uint64_t backslashes = word ^ ('\\' * ones);
  const std::uint64_t found = ((quotes - ones) & ~quotes) | ((backslashes - ones) & ~backslashes) |
                              ((word - 0x20 * ones) & ~word);
  return (found & high) == 0;
}

/// One character of a string's text after the other, with escapes decoded.
class string_reader {
 public:
  explicit string_reader(std::string_view inner) noexcept : rest_(inner) {}

  /// The next character's bytes, or of a character that is no escape its next byte; empty at the
  /// end. Valid until the next call.
  std::string_view next() noexcept {
    if (rest_.empty()) return {};
    if (rest_.front() != '\\') return cut(1);
    const char letter = rest_[1];
    if (letter != 'u') {
      constexpr std::string_view letters = "bfnrt";
      constexpr std::string_view meanings = "\b\f\n\r\t";
      const std::size_t known = letters.find(letter);
      const std::string_view escape = cut(2);
      return known == std::string_view::npos ? escape.substr(1) : meanings.substr(known, 1);
    }
    std::uint32_t code = unit();
    if (code >= 0xd800 && code < 0xdc00 && rest_.substr(0, 2) == "\\u") {
      const std::string_view before = rest_;
      const std::uint32_t second = unit();
      if (second >= 0xdc00 && second < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (second - 0xdc00);
      } else {
        rest_ = before;
      }
    }
    return encode(code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
  }

 private:
  std::string_view cut(std::size_t bytes) noexcept {
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }
  std::uint32_t unit() noexcept {
    std::uint32_t code = 0;
    for (const char digit : cut(6).substr(2)) {
      code = code << 4 | static_cast<std::uint32_t>(any_hex_digit_value(digit));
    }
    return code;
  }
  std::string_view encode(std::uint32_t code) noexcept {
    std::size_t count = 0;
    const auto put = [&](std::uint32_t byte) { bytes_[count++] = static_cast<char>(byte); };
    if (code < 0x80) {
      put(code);
    } else if (code < 0x800) {
      put(0xc0 | code >> 6);
      put(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
      put(0xe0 | code >> 12);
      put(0x80 | (code >> 6 & 0x3f));
      put(0x80 | (code & 0x3f));
    } else {
      put(0xf0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3f));
      put(0x80 | (code >> 6 & 0x3f));
      put(0x80 | (code & 0x3f));
    }
    return {bytes_.data(), count};
  }

  std::string_view rest_;
  std::array<char, 4> bytes_{};
};

}  // namespace

bool json_walker::take(char c) noexcept {
  if (!is_at(c)) return false;
  ++at_;
  return true;
}

// RFC 8259, 2: ws = *( %x20 / %x09 / %x0A / %x0D )
void json_walker::skip_space() noexcept {
  while (at_ < text_.size() &&
         (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
    ++at_;
  }
}

// RFC 8259, 7: escape ( %x22 / %x5C / %x2F / b / f / n / r / t / %x75 4HEXDIG )
bool json_walker::skip_escape() noexcept {
  constexpr std::string_view letters = "\"\\/bfnrt";
  if (text_.size() - at_ < 2) return false;
  if (letters.find(text_[at_ + 1]) != std::string_view::npos) {
    at_ += 2;
    return true;
  }
  if (text_[at_ + 1] != 'u' || text_.size() - at_ < 6) return false;
  for (std::size_t i = 2; i < 6; ++i) {
    if (any_hex_digit_value(text_[at_ + i]) < 0) return false;
  }
  at_ += 6;
  return true;
}

// RFC 8259, 7: string = quotation-mark *char quotation-mark
bool json_walker::skip_string() noexcept {
  if (!take('"')) return false;
  while (at_ < text_.size()) {
    while (text_.size() - at_ >= 8 && is_plain_8(text_.data() + at_)) at_ += 8;
    if (at_ == text_.size()) return false;
    const char c = text_[at_];
    if (c == '"') {
      ++at_;
      return true;
    }
    if (c == '\\') {
      if (!skip_escape()) return false;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      return false;
    } else {
      ++at_;
    }
  }
  return false;
}

bool json_walker::skip_digits() noexcept {
  const std::size_t before = at_;
  while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  return at_ > before;
}

// RFC 8259, 6: number = [ minus ] int [ frac ] [ exp ]
bool json_walker::skip_number() noexcept {
  take('-');
  if (!take('0') && !skip_digits()) return false;
  if (take('.') && !skip_digits()) return false;
  if (take('e') || take('E')) {
    if (!take('+')) take('-');
    return skip_digits();
  }
  return true;
}

bool json_walker::skip_scalar() noexcept {
  if (at_ == text_.size()) return false;
  if (text_[at_] == '"') return skip_string();
  for (const std::string_view word : {"true", "false", "null"}) {
    if (text_.substr(at_, word.size()) == word) {
      at_ += word.size();
      return true;
    }
  }
  return skip_number();
}

bool json_walker::skip_name() noexcept {
  if (!skip_string()) return false;
  skip_space();
  if (!take(':')) return false;
  skip_space();
  return true;
}

/// From behind a value to the next one within what is open, or out of all of it.
bool json_walker::skip_to_value() noexcept {
  while (depth_ > 0) {
    skip_space();
    const bool is_array = is_array_[depth_ - 1];
    if (take(is_array ? ']' : '}')) {
      --depth_;
      continue;
    }
    if (!take(',')) return false;
    skip_space();
    return is_array || skip_name();
  }
  return true;
}

json_step json_walker::skip_value() noexcept {
  do {
    const bool is_array = is_at('[');
    if (is_array || is_at('{')) {
      if (depth_ + 1 == json_depth_max) return json_step::too_deep;
      ++at_;
      is_array_[depth_++] = is_array;
      skip_space();
      if (!is_at(is_array ? ']' : '}')) {
        if (!is_array && !skip_name()) return json_step::malformed;
        continue;
      }
    } else if (!skip_scalar()) {
      return json_step::malformed;
    }
    if (!skip_to_value()) return json_step::malformed;
  } while (depth_ > 0);
  return json_step::good;
}

bool json_walker::open() noexcept {
  skip_space();
  return take('{');
}

json_step json_walker::close() noexcept {
  skip_space();
  return at_ == text_.size() ? json_step::end : json_step::malformed;
}

json_step json_walker::next(json_member& member) noexcept {
  skip_space();
  if (take('}')) return close();
  if (!is_first_ && !take(',')) return json_step::malformed;
  is_first_ = false;
  skip_space();
  member.begin = at_;
  if (!skip_string()) return json_step::malformed;
  member.name_end = at_;
  skip_space();
  if (!take(':')) return json_step::malformed;
  skip_space();
  member.value_begin = at_;
  const json_step step = skip_value();
  if (step != json_step::good) return step;
  member.value_end = at_;
  skip_space();
  member.next = at_;
  return is_at(',') || is_at('}') ? json_step::good : json_step::malformed;
}

bool unescape_json(std::string_view inner, std::size_t bytes_max, text_buffer& into) noexcept {
  string_reader reader(inner);
  const std::size_t before = into.size();
  for (std::string_view piece = reader.next(); !piece.empty(); piece = reader.next()) {
    if (!into.append(piece)) return false;
    if (into.size() - before > bytes_max) break;
  }
  return true;
}

bool is_json_text_of(std::string_view inner, std::string_view expected) noexcept {
  if (inner.size() == expected.size()) return inner == expected;
  constexpr std::size_t escape_bytes = 6;  // of one character at most
  if (inner.size() < expected.size() || inner.size() > escape_bytes * expected.size()) return false;
  string_reader reader(inner);
  for (std::string_view piece = reader.next(); !piece.empty(); piece = reader.next()) {
    if (expected.substr(0, piece.size()) != piece) return false;
    expected.remove_prefix(piece.size());
  }
  return expected.empty();
}

bool append_json_string(std::string_view bytes, text_buffer& into) noexcept {
  constexpr std::string_view digits = "0123456789abcdef";
  bool is_good = into.append('"');
  while (is_good && !bytes.empty()) {
    std::size_t plain = 0;
    while (plain < bytes.size() && bytes[plain] != '"' && bytes[plain] != '\\' &&
           static_cast<unsigned char>(bytes[plain]) >= 0x20) {
      ++plain;
    }
    is_good = into.append(bytes.substr(0, plain));
    bytes.remove_prefix(plain);
    if (bytes.empty()) break;
    const auto code = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    if (code >= 0x20) {
      is_good = is_good && into.append('\\') && into.append(static_cast<char>(code));
    } else {
      is_good = is_good && into.append("\\u00") && into.append(digits[code >> 4]) &&
                into.append(digits[code & 0xf]);
    }
  }
  return is_good && into.append('"');
}

}  // namespace waybill::inline v0::detail

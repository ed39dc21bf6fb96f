#pragma once

#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The logs that the programs of the pipeline write and the report reads: one line an entry,
/// columns of name=value with tabs between them. Plain text, so that nobody needs a JSON library.
namespace order_pipeline {

/// A header as it was seen. Null and empty are different on the wire.
struct header {
  std::string name;
  std::optional<std::string> value;
  friend bool operator==(const header&, const header&) = default;
};

/// One line: what kind of entry it is, and named values in order. Names may repeat.
class log_entry {
 public:
  log_entry() = default;
  explicit log_entry(std::string kind) : kind_(std::move(kind)) {}

  log_entry& add(std::string_view name, std::string_view value);
  log_entry& add(const header& added);

  [[nodiscard]] const std::string& kind() const noexcept { return kind_; }
  /// The first value of this name, or nothing.
  [[nodiscard]] std::string get(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> all(std::string_view name) const;
  [[nodiscard]] std::vector<header> headers() const;

  /// Any bytes are allowed in values; what would break the line is written as \xNN.
  [[nodiscard]] std::string to_line() const;
  [[nodiscard]] static log_entry from_line(std::string_view line);

 private:
  std::string kind_;
  std::vector<std::pair<std::string, std::string>> values_;
};

/// Bytes as text that fits into a line: control characters and the backslash as \xNN.
[[nodiscard]] std::string escape(std::string_view bytes);

/// @par Threads   any.
class log_file {
 public:
  /// @par Errors   throws std::runtime_error when the file cannot be written.
  explicit log_file(const std::string& path);
  void append(const log_entry& entry);

 private:
  std::mutex mutex_;
  std::ofstream out_;
};

/// Every entry of a file. @par Errors   throws std::runtime_error when it cannot be read.
[[nodiscard]] std::vector<log_entry> read_log(const std::string& path);

}  // namespace order_pipeline

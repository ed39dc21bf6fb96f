#pragma once

#include <filesystem>
#include <string>

namespace waybill_test {

/// A private folder under $TMPDIR (else /tmp), removed with all its content by the destructor.
/// @par Errors The constructor throws std::system_error.
class temporary_folder {
 public:
  /// @par Input `prefix`: how the folder's name begins; the rest is chosen by the system.
  explicit temporary_folder(const std::string& prefix);
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace waybill_test

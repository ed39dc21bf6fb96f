#include "temporary_folder.hpp"

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "environment.hpp"

namespace waybill_test {

temporary_folder::temporary_folder(const std::string& prefix) {
  const std::string chosen = environment_variable("TMPDIR").value_or("");
  const std::filesystem::path base = chosen.empty() ? "/tmp" : chosen;
  std::string name = (std::filesystem::absolute(base) / (prefix + "-XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), "can't make the folder " + name);
  }
  path_ = name;
}

temporary_folder::~temporary_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace waybill_test

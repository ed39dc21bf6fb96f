// Every example of docs/inspect.md is run by a shell, and must give what stands there.

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace waybill_test {
namespace {

/// The `console` blocks of the document.
std::vector<std::string> examples() {
  std::vector<std::string> found;
  std::ifstream document(WAYBILL_INSPECT_DOCUMENT);
  bool is_inside = false;
  for (std::string line; std::getline(document, line);) {
    if (line == "```console") {
      is_inside = true;
      found.emplace_back();
    } else if (line == "```") {
      is_inside = false;
    } else if (is_inside) {
      found.back() += line + "\n";
    }
  }
  return found;
}

/// A script that says each command of the block before it runs it, and keeps $? between them.
std::string script_of(const std::string& example) {
  std::string script = "PATH='" WAYBILL_TOOL_FOLDER "':$PATH\n";
  std::istringstream lines(example);
  std::string command;
  for (std::string line; std::getline(lines, line);) {
    if (command.empty() && line.rfind("$ ", 0) != 0) continue;
    command += line + "\n";
    if (line.back() == '\\') continue;
    script +=
        "status=$?\ncat <<'SHOWN'\n" + command + "SHOWN\n(exit $status)\n" + command.substr(2);
    command.clear();
  }
  return script;
}

std::string output_of(const std::string& script) {
  const std::string path = testing::TempDir() + "waybill-inspect-example-" +
                           std::to_string(testing::UnitTest::GetInstance()->random_seed()) + "-" +
                           std::to_string(getpid());
  std::ofstream(path) << script;
  // NOLINTNEXTLINE(cert-env33-c): the examples are written for a shell
  std::FILE* pipe = popen(("sh '" + path + "' 2>&1").c_str(), "r");
  std::string output;
  std::array<char, 4096> buffer{};
  for (std::size_t bytes = 1; bytes > 0;) {
    bytes = std::fread(buffer.data(), 1, buffer.size(), pipe);
    output.append(buffer.data(), bytes);
  }
  pclose(pipe);
  std::remove(path.c_str());
  return output;
}

TEST(inspect_docs, there_are_examples) { EXPECT_GE(examples().size(), 3U); }

TEST(inspect_docs, every_example_gives_what_stands_there) {
  for (const std::string& example : examples()) EXPECT_EQ(output_of(script_of(example)), example);
}

}  // namespace
}  // namespace waybill_test

// Runs a fuzzer's function once for each seed, without libFuzzer: a unit test with any compiler.
// `replay FILE.seeds...` takes files of seeds; any other file is one input, such as a finding.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "seeds.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void run(const std::string& bytes) {
  // Memory of its own size, so that a sanitizer sees a step too far.
  const std::vector<std::uint8_t> copy(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
}

}  // namespace

int main(int count, char** arguments) {
  std::size_t runs = 0;
  for (int i = 1; i < count; ++i) {
    std::ifstream file(arguments[i], std::ios::binary);
    if (!file) return std::fprintf(stderr, "replay: cannot read %s\n", arguments[i]), 1;
    std::vector<std::string> inputs;
    if (std::string_view(arguments[i]).ends_with(".seeds")) {
      inputs = waybill_fuzz::read_seeds(file);
    } else {
      inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    for (const std::string& input : inputs) {
      // Printed first: when the input ends the program, the line that did it is the last one.
      std::printf("%s\n", waybill_fuzz::escaped(input).c_str());
      std::fflush(stdout);
      run(input);
      run(input.substr(0, input.size() / 2));
      ++runs;
    }
  }
  if (runs == 0) return std::fprintf(stderr, "replay: no input\n"), 1;
  std::printf("%zu inputs\n", runs);
  return 0;
}

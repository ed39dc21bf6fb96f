// `split_seeds FILE.seeds FOLDER` writes each seed as a file of its own, as libFuzzer wants them.
// `split_seeds --line FILE` prints an input, such as a finding, as a line for a file of seeds.

#include <cstddef>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "seeds.hpp"

int main(int count, char** arguments) {
  if (count != 3) {
    return std::fprintf(stderr, "usage: split_seeds FILE FOLDER | split_seeds --line FILE\n"), 2;
  }
  const bool prints = std::string_view(arguments[1]) == "--line";
  std::ifstream file(arguments[prints ? 2 : 1], std::ios::binary);
  if (!file) return std::fprintf(stderr, "split_seeds: cannot read the file\n"), 1;
  if (prints) {
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    std::printf("%s\n", waybill_fuzz::escaped(bytes).c_str());
    return 0;
  }
  const std::vector<std::string> seeds = waybill_fuzz::read_seeds(file);
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    std::ofstream out(std::string(arguments[2]) + "/seed-" + std::to_string(i), std::ios::binary);
    out << seeds[i];
    if (!out.flush()) return std::fprintf(stderr, "split_seeds: cannot write\n"), 1;
  }
  return 0;
}

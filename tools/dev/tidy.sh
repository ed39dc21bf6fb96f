#!/usr/bin/env bash
# Runs clang-tidy over our own sources: those of the build folder of the preset `tidy`, or of them only
# the files whose path contains one of the arguments. Warnings are errors, as .clang-tidy says.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

command -v clang-tidy-14 >/dev/null || {
  echo "tidy.sh: clang-tidy-14 was not found (Debian 12: tools/dev/install-packages.sh ci)" >&2
  exit 1
}
build=build/tidy
cmake --preset tidy >/dev/null

# clang-tidy runs once for every command it knows of a file, and core is compiled twice; the made
# files that check each header alone say nothing of ours.
python3 - "$build" "$@" >"$build/tidy-files" <<'PYTHON'
import json, os, sys

build, wanted = sys.argv[1], sys.argv[2:]
root = os.getcwd()
commands = {}
for command in json.load(open(os.path.join(build, "compile_commands.json"))):
    path = os.path.relpath(command["file"], root)
    if path.startswith(("..", build + os.sep)):
        continue
    if wanted and not any(part in path for part in wanted):
        continue
    commands.setdefault(path, command)
os.makedirs(os.path.join(build, "tidy-commands"), exist_ok=True)
with open(os.path.join(build, "tidy-commands", "compile_commands.json"), "w") as out:
    json.dump(list(commands.values()), out)
print("\n".join(sorted(commands)))
PYTHON

count=$(grep -c . "$build/tidy-files") || {
  echo "tidy.sh: no source file to look at" >&2
  exit 1
}
xargs -a "$build/tidy-files" -d '\n' -P "$(nproc)" -n 1 \
  clang-tidy-14 -p "$build/tidy-commands" --quiet 2> >(grep -v ' warnings generated\.$' >&2)
echo "tidy.sh: $count files"

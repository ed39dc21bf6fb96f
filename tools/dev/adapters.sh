# What adapters/*/adapter.cmake registers, for the scripts that source this file.
# shellcheck shell=bash

adapters_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../adapters" && pwd)

# adapter_names: the folders' names.
adapter_names() {
  local file
  for file in "$adapters_folder"/*/adapter.cmake; do basename "${file%/adapter.cmake}"; done
}

# adapter_values KEYWORD [NAME]: the values of a keyword, of one adapter or of all. They are on the
# keyword's line, and none of them has a space.
adapter_values() {
  # shellcheck disable=SC2086 # a pattern on purpose
  sed -nE "s/^ +$1 +([^\")]*)\)?\$/\1/p" "$adapters_folder"/${2:-*}/adapter.cmake
}

# Those whose broker no package of Debian has.
adapters_with_fetched_broker() {
  local name
  for name in $(adapter_names); do
    [[ -z "$(adapter_values BROKER_FETCH "$name")" ]] || echo "$name"
  done
}

# The environment variable that says where a fetched broker is, and the script that fetches it.
broker_variable() { adapter_values BROKER_FETCH "$1" | cut -d ' ' -f 1; }
broker_script() { echo "$adapters_folder/../$(adapter_values BROKER_FETCH "$1" | cut -d ' ' -f 2)"; }

# Fetches the brokers whose variables are not set, and exports these.
fetch_brokers() {
  local name variable folder
  for name in $(adapters_with_fetched_broker); do
    variable=$(broker_variable "$name")
    if [[ -z "${!variable:-}" ]]; then
      folder=$("$(broker_script "$name")") || return 1
      printf -v "$variable" %s "$folder"
    fi
    export "${variable?}"
  done
}

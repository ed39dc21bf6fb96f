#!/usr/bin/env bash
# Tests what is committed in a fresh Debian of another release, with that release's compiler and
# client libraries. `tools/dev/test-in-debian.sh --help` says more.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

usage() {
  cat <<'TEXT'
usage: tools/dev/test-in-debian.sh SUITE [ARGUMENT OF test.sh]...
  SUITE   bookworm (Debian 12) or trixie (Debian 13)
Makes a Debian in a temporary folder with debootstrap, puts a copy of HEAD into it and runs
`./test.sh --unit` there, or test.sh with the arguments given. Nothing of it stays behind.
Needs root, debootstrap, 3 GB in TMPDIR and the Debian mirror that apt uses on this machine. No folder
of this machine is mounted there, /proc neither: test.sh cannot look for processes left behind.
TEXT
}

# shellcheck source=debian-chroot.sh
source tools/dev/debian-chroot.sh

suite=${1:-}
case "$suite" in
  bookworm | trixie) shift ;;
  --help | -h)
    usage
    exit 0
    ;;
  *)
    usage >&2
    exit 2
    ;;
esac
[[ $# != 0 ]] || set -- --unit
make_debian "$suite"
copy_project "$folder/root"
in_debian "$folder/root" /waybill/test.sh "$@"

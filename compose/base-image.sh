#!/usr/bin/env bash
# Makes the image debian:SUITE-slim where it cannot be pulled: from the mirror that apt uses on this
# machine, which apt uses in the image too. Needs root.
# usage: compose/base-image.sh bookworm|trixie
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case "${1:-}" in
  bookworm | trixie) suite=$1 ;;
  *)
    sed -n '2,4s/^# //p' "$0" >&2
    exit 2
    ;;
esac

# shellcheck source=../tools/dev/debian-chroot.sh
source tools/dev/debian-chroot.sh
command -v debootstrap >/dev/null || tools/dev/install-packages.sh debootstrap
make_debian "$suite"
root=$folder/root
# As in the public image: packages start no server, and dpkg waits for no disk.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/docker-apt-speedup"
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
tar --one-file-system --numeric-owner --exclude='./dev/*' -C "$root" -c . |
  docker import --change 'CMD ["bash"]' - "debian:$suite-slim" >/dev/null
echo "base-image.sh: debian:$suite-slim"

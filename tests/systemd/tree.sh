#!/usr/bin/env bash
# Makes a small Debian with systemd, Python and Chromium in it, for the tests beside this: tests/systemd/tree.sh DIRECTORY.
# Needs root, debootstrap, the network and about 1.5 GB; takes some minutes. MIRROR=… names another Debian mirror.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mirror=${MIRROR:-http://deb.debian.org/debian}
suite=bookworm

# shellcheck disable=SC2016 # what it quotes is for the shell in there
inside() { # in the half made tree, with processes of its own
    unshare --mount --pid --fork --kill-child --propagation private /bin/bash -c '
        mount --bind "$0" "$0"
        mount -t proc proc "$0/proc"
        mount --rbind /dev "$0/dev"
        exec chroot "$0" "$@"' "$half" "$@"
}

main() {
    local tree=$1
    half=$tree.half
    rm -rf --one-file-system "$half"
    mkdir -p "$half"
    unshare --mount --pid --fork --kill-child --mount-proc --propagation private \
        debootstrap --variant=minbase --include=ca-certificates "$suite" "$half" "$mirror" >"$half.log" 2>&1 || {
        tail -n 20 "$half.log" >&2
        exit 1
    }
    cp -L /etc/resolv.conf "$half/etc/resolv.conf"
    (apt-config dump | grep -E '^Acquire::https?::(Proxy|CaInfo)' || true) >"$half/etc/apt/apt.conf.d/90here"
    printf '#!/bin/sh\nexit 101\n' >"$half/usr/sbin/policy-rc.d" # no service is started while it is made
    chmod 755 "$half/usr/sbin/policy-rc.d"
    inside env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
        --no-install-recommends install systemd systemd-sysv dbus python3 python3-venv libatomic1 curl \
        chromium chromium-sandbox fonts-noto-core fonts-noto-color-emoji >>"$half.log" 2>&1 || {
        tail -n 20 "$half.log" >&2
        exit 1
    }
    rm -rf "$half"/var/cache/apt/archives/*.deb "$half"/var/lib/apt/lists/* "$half/usr/sbin/policy-rc.d"
    rm -f "$half/etc/resolv.conf"
    : >"$half/etc/machine-id"
    sha256sum <"$here/tree.sh" | cut -c1-64 >"$half/made-by"
    rm -rf --one-file-system "$tree"
    mv "$half" "$tree"
    rm -f "$half.log"
}

main "$1"

#!/usr/bin/env bash
# Runs README's commands on minimal Debian systems made for it: tests/clean/run.sh [bookworm] [trixie].
#
# Each is debootstrap's minbase in a directory of its own, with processes and mounts of its own, and the network of
# this machine. Nothing of this machine is in it but the resolver, apt's proxy, pip's index and the certificates,
# so that the packages can be fetched from where this machine fetches them. Needs root, debootstrap and about 4 GB
# for each; takes some minutes. MIRROR=… names another Debian mirror.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mirror=${MIRROR:-http://deb.debian.org/debian}
place=/home/wabox # where the tree lies in there

say() { printf '%s\n' "$*"; }
fail() {
    printf 'clean: %s\n' "$*" >&2
    exit 1
}

make_system() { # $1: a suite, $2: an empty directory
    unshare --mount --pid --fork --kill-child --mount-proc --propagation private \
        debootstrap --variant=minbase "$1" "$2" "$mirror" >"$2.log" 2>&1 || {
        tail -n 20 "$2.log" >&2
        fail "debootstrap could not make $1."
    }
    cp -L /etc/resolv.conf "$2/etc/resolv.conf"
    cp "$here/tests/clean/inside.sh" "$2/root/inside.sh"
    (apt-config dump | grep -E '^Acquire::https?::(Proxy|CaInfo)' || true) >"$2/etc/apt/apt.conf.d/90here"
    [ ! -r /etc/ssl/certs/ca-certificates.crt ] || cp -L /etc/ssl/certs/ca-certificates.crt "$2/root/authorities.crt"
    chmod 755 "$2/root" # the plain user reads the certificates, too
    mkdir -p "$2$place"
    tar -C "$here" --exclude=./.venv --exclude=./.git --exclude=./data/demo --exclude=__pycache__ -c . |
        tar -C "$2$place" --no-same-owner -x
}

pip_here() { # prints NAME=VALUE for what pip must know of this network
    local index
    index=$(python3 -m pip config get global.index-url 2>/dev/null) || index=${PIP_INDEX_URL:-}
    [ -z "$index" ] || say "PIP_INDEX_URL=$index"
    [ ! -r /etc/ssl/certs/ca-certificates.crt ] || say "PIP_CERT=/root/authorities.crt"
    env | grep -iE '^(https?|no)_proxy=' || true
}

enter() { # $1: a system; the rest: what runs there. Called in a mount namespace of its own
    local system=$1 one
    shift
    mount --bind "$system" "$system"
    mount -t proc proc "$system/proc"
    mount -t sysfs -o ro sysfs "$system/sys" || true
    mount -t tmpfs -o mode=755 tmpfs "$system/dev"
    mkdir "$system/dev/shm" "$system/dev/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$system/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666 devpts "$system/dev/pts"
    ln -s pts/ptmx "$system/dev/ptmx"
    ln -s /proc/self/fd "$system/dev/fd"
    for one in null zero full random urandom tty; do
        : >"$system/dev/$one"
        mount --bind "/dev/$one" "$system/dev/$one"
    done
    mkdir -p "$system/mnt"
    cd "$system"
    pivot_root . mnt
    umount -l /mnt
    exec "$@"
}

run_suite() {
    local system=$work/$1 settings
    say "" "== $1: a minimal system"
    mkdir "$system"
    make_system "$1" "$system"
    mapfile -t settings < <(pip_here)
    unshare --mount --pid --fork --kill-child --propagation private \
        bash "$here/tests/clean/run.sh" --enter "$system" \
        /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C "${settings[@]}" \
        /bin/bash /root/inside.sh "$place" </dev/null
    rm -rf --one-file-system "$system"
}

main() {
    if [ "${1:-}" = --enter ]; then
        shift
        enter "$@"
    fi
    [ "$(id -u)" = 0 ] || fail "this needs root, to make systems of its own."
    command -v debootstrap >/dev/null || fail "there is no debootstrap; install it: apt-get install debootstrap"
    unshare --mount --pid --fork true 2>/dev/null || fail "this system allows no namespaces of one's own."
    [ $# -gt 0 ] || set -- bookworm trixie
    work=$(mktemp -d "${TMPDIR:-/tmp}/wabox-clean.XXXXXX")
    trap 'rm -rf --one-file-system "$work"' EXIT # mounts ended with the namespace that had them
    trap 'exit 130' INT
    trap 'exit 143' HUP TERM
    local suite
    for suite in "$@"; do
        run_suite "$suite"
    done
}

main "$@"

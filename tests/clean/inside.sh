#!/usr/bin/env bash
# What is tried on a minimal system; $1: where the tree lies. See run.sh.
set -euo pipefail
cd "$1"

tell() { printf -- '-- %s\n' "$*"; }

try() { # $1: a name; the rest: a command that must end well
    local began=$SECONDS name=$1
    shift
    "$@" || {
        tell "$name: FAILED with exit code $? after $((SECONDS - began)) s"
        exit 1
    }
    tell "$name: $((SECONDS - began)) s"
}

delivers() { # a command that must say that the first message was delivered
    "$@" >/tmp/said 2>&1 || {
        cat /tmp/said
        return 1
    }
    cat /tmp/said
    grep -qE 'Message [0-9]+: (delivered|read)' /tmp/said
}

# shellcheck source=/dev/null
. /etc/os-release
tell "$PRETTY_NAME, $(uname -m), $(dpkg-query -f '.\n' -W | wc -l) packages"
try "the demo, from nothing" delivers ./install.sh demo --once
try "the demo again" delivers ./install.sh demo --once
try "setup again" ./install.sh setup
tell "Python: $(.venv/bin/python --version), $(dpkg-query -f '.\n' -W | wc -l) packages, $(du -shx / | cut -f1)B of disk"

useradd --create-home shop
mkdir /home/shop/wabox
cp -a . /home/shop/wabox
chown -R shop: /home/shop/wabox
cd /home/shop/wabox
rm -rf data/demo /tmp/said
try "the demo of a plain user, with Chromium's sandbox" \
    delivers runuser -u shop -- env HOME=/home/shop ./install.sh demo --once

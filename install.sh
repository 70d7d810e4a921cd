#!/usr/bin/env bash
# Sets wabox up on Debian 12/13, Ubuntu and Raspberry Pi OS (64-bit), and starts what you ask for.
# Repeating any of it is safe and quick. See README.md.
set -euo pipefail

usage() {
    cat <<'TEXT'
./install.sh demo      try wabox with a pretend WhatsApp: no phone needed (--once, --selling, --port N, --sandbox-port N)
./install.sh setup     only install what wabox needs, into .venv
./install.sh service   install or upgrade wabox as a system service (with sudo)
./install.sh test      everything that is checked before a change goes in
./install.sh bench     measure this machine (or one part of it, with arguments: bench power 500)
TEXT
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
release_home=/opt/wabox
data_home=/var/lib/wabox
config_file=/etc/wabox/wabox.toml
unit_file=/etc/systemd/system/wabox.service

say() { printf '%s\n' "$*"; }
fail() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

# -- the machine ----------------------------------------------------------------------------------

check_machine() {
    [ "$(uname -s)" = Linux ] || fail "wabox runs on Linux; this is $(uname -s)."
    case "$(uname -m)" in
        x86_64 | aarch64 | arm64) ;;
        *) fail "wabox needs a 64-bit machine (amd64 or arm64); this is $(uname -m)." ;;
    esac
    [ "$(getconf LONG_BIT)" = 64 ] ||
        fail "this system is 32-bit, and WhatsApp Web needs a 64-bit one; install the 64-bit Raspberry Pi OS or Debian."
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        return 127
    fi
}

apt_is_fresh=no
apt_install() {
    command -v apt-get >/dev/null ||
        fail "these packages are missing: $*. Install them with this system's package manager, then run this again."
    say "Installing $*"
    if [ "$apt_is_fresh" = no ]; then
        as_root apt-get -qq update || fail "apt-get update failed; run this as root or with sudo, with a network."
        apt_is_fresh=yes
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "$@" >/dev/null ||
        fail "apt-get could not install $*; run this as root or with sudo, with a network."
}

# -- the browser ----------------------------------------------------------------------------------

is_snap() {
    case "$(readlink -f "$1")" in
        /snap/* | */snap/bin/* | */bin/snap) return 0 ;;
    esac
    # Ubuntu's chromium-browser is a short script that starts the snap
    [ "$(wc -c <"$1")" -lt 20000 ] && grep -qsE '/snap/bin/chromium|snap (install|run)' "$1"
}

find_browser() {
    local name path
    for name in chromium chromium-browser google-chrome google-chrome-stable chromium-headless-shell; do
        path=$(command -v "$name") || continue
        is_snap "$path" || return 0
    done
    return 1
}

need_browser() {
    find_browser && return 0
    if grep -qsE '^ID=ubuntu' /etc/os-release || [ -e /snap/bin/chromium ]; then
        fail "Ubuntu's Chromium is a snap, which cannot use wabox's data directory. Install a browser that is no" \
            "snap, for instance Google Chrome's .deb package (amd64), then run this again."
    fi
    apt_install chromium chromium-sandbox
    find_browser || fail "chromium was installed, but is not on the PATH; look at the output of: apt-cache policy chromium"
}

need_fonts() { # Latin, Bengali and emoji, for what the browser draws
    command -v dpkg-query >/dev/null || return 0
    local missing=() name
    for name in fonts-noto-core fonts-noto-color-emoji; do
        dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
    done
    [ ${#missing[@]} = 0 ] || (apt_install "${missing[@]}") || say "Going on without the fonts ${missing[*]}."
}

# -- Python ---------------------------------------------------------------------------------------

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
can_make_venvs() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

find_python() { # prints the newest Python that will do
    local name
    for name in python3.13 python3.12 python3.11 python3; do
        if command -v "$name" >/dev/null && is_new_enough "$name"; then
            command -v "$name"
            return 0
        fi
    done
    return 1
}

need_python() {
    python=$(find_python) || {
        apt_install python3 python3-venv
        python=$(find_python) ||
            fail "wabox needs Python 3.11 or newer; this system has $(python3 --version 2>&1). Use Debian 12 or newer."
    }
    can_make_venvs "$python" || {
        apt_install "python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
        can_make_venvs "$python" || fail "$python cannot make virtual environments; install its venv package."
    }
}

# make_venv TREE LOCK...: TREE/.venv holds exactly what the first lock names, and wabox itself from TREE.
# Further locks are those the first one contains. Does nothing, and asks no network, when that is so already.
make_venv() {
    local tree=$1 venv=$1/.venv stamp lock
    shift
    stamp=$(cat "$1" "$tree/pyproject.toml" | sha256sum | cut -c1-64)
    if is_new_enough "$venv/bin/python" && grep -qsx "$stamp" "$venv/wabox-stamps"; then
        return 0
    fi
    need_python
    is_new_enough "$venv/bin/python" || {
        rm -rf "$venv"
        "$python" -m venv "$venv"
    }
    say "Installing wabox's Python packages into $venv"
    rm -f "$venv/wabox-stamps"
    local pip=("$venv/bin/python" -m pip --disable-pip-version-check -q -q)
    "${pip[@]}" install --require-hashes --only-binary :all: -r "$1" ||
        fail "the Python packages could not be installed; check the network, then run this again."
    "${pip[@]}" install --no-build-isolation --no-deps --no-index -e "$tree" ||
        fail "wabox itself could not be installed into $venv."
    for lock in "$@"; do
        cat "$lock" "$tree/pyproject.toml" | sha256sum | cut -c1-64 >>"$venv/wabox-stamps"
    done
}

setup() {
    check_machine
    need_browser
    need_fonts
    make_venv "$here" "$here/deploy/requirements.lock"
}

# -- what CI runs ---------------------------------------------------------------------------------

step() {
    printf '\n== %s\n' "$1"
    shift
    "$@" || fail "failed: $*"
}

run_tests() {
    check_machine
    need_browser
    need_fonts
    make_venv "$here" "$here/tests/requirements.lock" "$here/deploy/requirements.lock"
    cd "$here"
    local bin=.venv/bin
    step "Format" $bin/ruff format --check .
    step "Lint" $bin/ruff check .
    step "Types" $bin/mypy
    step "Import contracts" $bin/lint-imports
    if [ -n "$(find wabox/dashboard/templates -name '*.html' 2>/dev/null | head -n 1)" ]; then
        step "Templates" $bin/djlint wabox/dashboard/templates --check --lint --quiet
    fi
    printf '\n== Tests\n'
    exec $bin/pytest -n 4 --dist loadfile --no-loadscope-reorder "$@"
}

# -- the service ----------------------------------------------------------------------------------

as_service() { runuser -u wabox -- env HOME="$data_home" "$@"; }

install_release() { # copies this tree to a directory of its own and prints it
    local release
    release=$release_home/$(date -u +%Y%m%dT%H%M%SZ)
    install -d -m 755 "$release_home" "$release"
    cp -R "$here/wabox" "$here/deploy" "$here/pyproject.toml" "$here/README.md" "$here/LICENSE" \
        "$here/CHANGELOG.md" "$here/wabox.toml" "$here/install.sh" "$release/"
    find "$release" -name __pycache__ -prune -exec rm -rf {} +
    chmod -R u=rwX,go=rX "$release"
    printf '%s\n' "$release"
}

write_config() {
    [ -e "$config_file" ] && return 0
    install -d -m 755 "$(dirname "$config_file")"
    sed "s|^# dir = .*|dir = \"$data_home\"|" "$here/wabox.toml" >"$config_file"
    chmod 644 "$config_file"
}

copy_data() { # $1: an empty directory; the service stands still
    install -d -m 700 -o wabox -g wabox "$1"
    local name
    for name in wabox.db wabox.db-wal secret.key; do # secret.key: the copy is of use without the box, too
        [ ! -e "$data_home/$name" ] || cp -p "$data_home/$name" "$1/"
    done
}

put_data_back() {
    rm -f "$data_home/wabox.db" "$data_home/wabox.db-wal" "$data_home/wabox.db-shm"
    local name
    for name in wabox.db wabox.db-wal; do
        [ ! -e "$1/$name" ] || cp -p "$1/$name" "$data_home/"
    done
}

is_healthy() {
    local _
    for _ in $(seq 60); do
        if as_service "$release_home/current/.venv/bin/wabox" doctor --ready --config "$config_file" >/dev/null 2>&1; then
            return 0
        fi
        sleep 1
    done
    return 1
}

point_at() { ln -sfn "$1" "$release_home/current.new" && mv -T "$release_home/current.new" "$release_home/current"; }

forget_old_releases() { # keeps the one in use and the one before
    local kept=0 one
    for one in $(find "$release_home" -mindepth 1 -maxdepth 1 -type d -name '2*Z' | sort -r); do
        kept=$((kept + 1))
        [ $kept -le 2 ] || rm -rf "$one"
    done
    for one in $(find "$data_home/backups" -mindepth 1 -maxdepth 1 -type d -name 'before-2*Z' | sort -r | tail -n +4); do
        rm -rf "$one"
    done
}

service() {
    [ "$(id -u)" = 0 ] || fail "the service needs root: sudo ./install.sh service"
    [ -d /run/systemd/system ] || fail "this system does not run systemd; start wabox with: .venv/bin/wabox serve"
    check_machine
    need_browser
    need_fonts
    PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin # a Python in somebody's home is out of the service's reach
    id -u wabox >/dev/null 2>&1 ||
        useradd --system --user-group --home-dir "$data_home" --no-create-home --shell /usr/sbin/nologin wabox
    install -d -m 700 -o wabox -g wabox "$data_home" "$data_home/backups"
    write_config

    local release previous kept
    release=$(install_release)
    previous=
    [ ! -L "$release_home/current" ] || previous=$(readlink -f "$release_home/current")
    make_venv "$release" "$release/deploy/requirements.lock"
    as_service "$release/.venv/bin/wabox" serve --help >/dev/null || {
        rm -rf "$release"
        fail "the new version does not start; nothing was changed."
    }

    kept=$data_home/backups/before-$(basename "$release")
    systemctl stop wabox 2>/dev/null || true
    copy_data "$kept"
    point_at "$release"
    install -m 644 "$release/deploy/wabox.service" "$unit_file"
    systemctl daemon-reload
    local link=
    link=$(as_service "$release/.venv/bin/wabox" setup-link --config "$config_file" --if-new) || true
    systemctl enable -q wabox
    systemctl start wabox || true
    if ! is_healthy; then
        journalctl -u wabox -n 20 --no-pager >&2 || true
        roll_back "$previous" "$kept"
    fi
    forget_old_releases
    say "wabox runs. Settings: $config_file. Log: journalctl -u wabox. What is wrong, if anything: wabox doctor"
    ln -sfn "$release_home/current/.venv/bin/wabox" /usr/local/bin/wabox
    [ -z "$link" ] || say "Open this once, within a day, to make the box yours:" "$link"
}

roll_back() { # $1: the release before; $2: the copy of its data
    systemctl stop wabox || true
    [ -n "$1" ] || fail "wabox was installed but does not start; the lines above say why. Mend it, then run this again."
    local verdict=0
    "$1/.venv/bin/python" "$here/deploy/can_go_back.py" "$2/wabox.db" "$data_home/wabox.db" || verdict=$?
    case $verdict in
        0) put_data_back "$2" ;;
        3) ;; # the data is as good for the earlier version
        *)
            fail "the new version does not answer, and has worked on its data already, so the copy in $2 was not put" \
                "back: messages could go twice. wabox is stopped. Keep $data_home as it is and ask for help."
            ;;
    esac
    point_at "$1"
    install -m 644 "$1/deploy/wabox.service" "$unit_file"
    systemctl daemon-reload
    systemctl start wabox
    fail "the new version does not start, so the one before runs again, with its data. The lines above say why."
}

# -------------------------------------------------------------------------------------------------

main() {
    local what=${1:-}
    [ $# = 0 ] || shift
    case "$what" in
        setup)
            setup
            say "wabox is set up. Next: ./install.sh demo, or .venv/bin/wabox serve"
            ;;
        demo)
            setup
            cd "$here"
            exec .venv/bin/wabox demo "$@"
            ;;
        test) run_tests "$@" ;;
        bench)
            setup
            cd "$here"
            [ $# = 0 ] || exec .venv/bin/python -m "tests.bench.$1" "${@:2}"
            for part in tests/bench/[a-z]*.py; do
                part=${part#tests/bench/}
                say "" "-- ${part%.py}"
                .venv/bin/python -m "tests.bench.${part%.py}"
            done
            ;;
        service) service ;;
        -h | --help | help) usage ;;
        *)
            usage >&2
            exit 2
            ;;
    esac
}

main "$@"

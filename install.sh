#!/usr/bin/env bash
# Sets wabox up on Debian 12/13, Ubuntu and Raspberry Pi OS (64-bit), and starts what you ask for.
# Repeating any of it is safe and quick. See README.md.
set -euo pipefail
shopt -s inherit_errexit # a step that fails inside $( ) ends it, too

usage() {
    cat <<'TEXT'
./install.sh demo      try wabox with a pretend WhatsApp: no phone needed (--once, --selling, --port N, --sandbox-port N)
./install.sh setup     only install what wabox needs, into .venv
./install.sh service   install or upgrade wabox as a system service (with sudo)
./install.sh uninstall remove the service and all its data (--keep-data: leave the data; with sudo)
./install.sh test      everything that is checked before a change goes in
./install.sh check     the same without browsers, real boxes and pulled plugs: for while you work
./install.sh sbom      write what wabox is made of to data/wabox.cdx.json, or to a file you name (CycloneDX)
./install.sh bench     measure this machine (or one part of it, with arguments: bench power 500)
TEXT
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

say() { printf '%s\n' "$@" || true; } # whoever listened may be gone
fail() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

# shellcheck source=deploy/libraries.sh
. "$here/deploy/libraries.sh"
# shellcheck source=deploy/releases.sh
. "$here/deploy/releases.sh"
# shellcheck source=deploy/way_back.sh
. "$here/deploy/way_back.sh"
# shellcheck source=deploy/service.sh
. "$here/deploy/service.sh"

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

is_root() { [ "$(id -u)" = 0 ]; }

as_root() {
    if is_root; then
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
        is_snap "$path" || {
            browser=$path
            return 0
        }
    done
    return 1
}

need_browser() {
    find_there_or_installed
    local binary
    binary=$(browser_binary "$browser")
    [ -z "$binary" ] || need_libraries "$binary"
}

find_there_or_installed() {
    find_browser && return 0
    if grep -qsE '^ID=ubuntu' /etc/os-release || [ -e /snap/bin/chromium ]; then
        fail "Ubuntu's Chromium is a snap, which cannot use wabox's data directory. Install a browser that is no snap," \
            "then run this again: $(browser_without_snap)"
    fi
    apt_install chromium chromium-sandbox
    find_browser || fail "chromium was installed, but is not on the PATH; look at the output of: apt-cache policy chromium"
}

browser_without_snap() { # prints a cure to copy: Google has a .deb for amd64 alone
    if [ "$(uname -m)" = x86_64 ]; then
        say "wget https://dl.google.com/linux/direct/google-chrome-stable_current_amd64.deb &&" \
            "sudo apt-get install ./google-chrome-stable_current_amd64.deb"
    else
        say "Google has none for this machine; use Debian or Raspberry Pi OS, whose Chromium is no snap."
    fi
}

need_fonts() { # Latin, Bengali and emoji, for what the browser draws
    command -v dpkg-query >/dev/null || return 0
    local missing=() name
    for name in fonts-noto-core fonts-noto-color-emoji; do
        dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
    done
    [ ${#missing[@]} = 0 ] || (apt_install "${missing[@]}") || say "Going on without the fonts ${missing[*]}."
}

need_shell() { # Debian's light Chromium, for the windows of tests; where there is none they take the whole one
    command -v chromium-headless-shell >/dev/null || (apt_install chromium-headless-shell) ||
        say "Going on with Chromium alone."
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
    stamp=$(stamp_of "$tree" "$1")
    if is_new_enough "$venv/bin/python" && grep -qsx "$stamp" "$venv/wabox-stamps"; then
        need_driver "$venv"
        return 0
    fi
    [ -w "$tree" ] ||
        fail "$tree cannot be written, and wabox keeps its Python packages there; copy it to a directory of your" \
            "own, then run ./install.sh in the copy."
    need_python
    is_new_enough "$venv/bin/python" || {
        rm -rf "$venv"
        "$python" -m venv "$venv"
    }
    rm -f "$venv/wabox-stamps"
    install_packages "$venv" "$1"
    "$venv/bin/python" -m pip --disable-pip-version-check -q -q \
        install --no-build-isolation --no-deps --no-index -e "$tree" ||
        fail "wabox itself could not be installed into $venv."
    need_driver "$venv"
    need_modules "$venv"
    for lock in "$@"; do
        stamp_of "$tree" "$lock" >>"$venv/wabox-stamps"
    done
}

install_packages() { # $1: a .venv, $2: a lock; it holds exactly what that names
    say "Installing wabox's Python packages into $1"
    "$1/bin/python" -m pip --disable-pip-version-check -q -q \
        install --require-hashes --only-binary :all: -r "$2" ||
        fail "the Python packages could not be installed; check the network, then run this again."
}

stamp_of() { # $1: a tree, whose path is in what pip writes: a copied or moved tree needs a .venv of its own
    (
        printf '%s\n' "$1"
        cat "$2" "$1/pyproject.toml"
    ) | sha256sum | cut -c1-64
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

told() { # $1: a process of this shell, $2: what it has said, ...: its words; says the same, and fails if that did
    local code=0 pid=$1 said=$2
    shift 2
    wait "$pid" || code=$?
    cat "$said"
    rm -f "$said"
    [ "$code" = 0 ] || fail "failed: $*"
}

without_browsers=(
    --ignore=tests/journeys --ignore=tests/clients --ignore=tests/fieldtest/test_on_sandbox.py --ignore=tests/power
    --ignore=tests/contract/test_bad_days.py --ignore=tests/contract/test_weeks.py -m "not browser"
    --ignore=tests/sandbox/test_page.py --ignore=tests/sandbox/test_page_faults.py
    --ignore=tests/sandbox/test_phones_page.py "--ignore-glob=tests/faces/*_browser.py"
)

run_tests() { # what pytest is told beside
    unset PYTHONDONTWRITEBYTECODE # else each worker, and each box that a test starts, compiles everything anew
    check_machine
    need_browser
    need_shell
    need_fonts
    make_venv "$here" "$here/tests/requirements.lock" "$here/deploy/requirements.lock"
    cd "$here"
    local bin=.venv/bin
    step "Format" $bin/ruff format --check .
    step "Lint" $bin/ruff check .
    local said types
    said=$(mktemp)
    $bin/mypy >"$said" 2>&1 & # the longest of these, beside the others
    types=$!
    $bin/pytest --collect-only "$@" >/dev/null 2>&1 || true # else each worker compiles every test anew
    step "Import contracts" $bin/lint-imports
    if [ -n "$(find wabox/dashboard/templates -name '*.html' 2>/dev/null | head -n 1)" ]; then
        step "Templates" $bin/djlint wabox/dashboard/templates --check --lint --quiet
    fi
    step "Advisories" $bin/python -m tests.audit
    step "Types" told "$types" "$said" $bin/mypy
    printf '\n== Tests\n'
    exec $bin/pytest -n 4 --dist loadfile --no-loadscope-reorder --durations=10 "$@"
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
        check) run_tests "${without_browsers[@]}" "$@" ;;
        sbom)
            setup
            "$here/.venv/bin/python" "$here/deploy/sbom.py" "${1:-$here/data/wabox.cdx.json}"
            say "What wabox is made of is in ${1:-$here/data/wabox.cdx.json}"
            ;;
        bench)
            setup
            cd "$here"
            [ $# = 0 ] || exec .venv/bin/python -m "tests.bench.$1" "${@:2}"
            for part in tests/bench/[a-z]*.py; do
                part=${part#tests/bench/}
                say "" "-- ${part%.py}"
                if [ "$part" = soak.py ]; then # by itself it takes half an hour: ./install.sh bench soak
                    .venv/bin/python -m tests.bench.soak --minutes 1
                else
                    .venv/bin/python -m "tests.bench.${part%.py}"
                fi
            done
            ;;
        service) service ;;
        uninstall) uninstall "$@" ;;
        -h | --help | help) usage ;;
        *)
            usage >&2
            exit 2
            ;;
    esac
}

[ "${BASH_SOURCE[0]}" != "$0" ] || main "$@"

# shellcheck shell=bash
# What the programs that wabox brings or uses lack of this system's libraries, asked of the loader itself.
# Sourced by install.sh, which has say, fail and apt_install.

package_of() { # prints the Debian package that has this library; nothing, if it is not known here
    case "$1" in
        libatomic.so.1) say libatomic1 ;; # Playwright's Node needs it, and a minimal Debian 12 has it not
        libstdc++.so.6) say libstdc++6 ;;
        libgcc_s.so.1) say libgcc-s1 ;;
        libgomp.so.1) say libgomp1 ;;
        libz.so.1) say zlib1g ;;
        libexpat.so.1) say libexpat1 ;;
        libnspr4.so | libplc4.so | libplds4.so) say libnspr4 ;;
        libnss3.so | libnssutil3.so | libsmime3.so) say libnss3 ;;
        libgbm.so.1) say libgbm1 ;;
        libxkbcommon.so.0) say libxkbcommon0 ;;
        libdrm.so.2) say libdrm2 ;;
    esac
}

browser_binary() { # prints the program itself: Debian's chromium on the PATH is a script beside it
    local path one
    path=$(readlink -f "$1")
    for one in "$path" /usr/lib/chromium/chromium "$(dirname "$path")/chrome"; do
        ! is_elf "$one" || {
            say "$one"
            return 0
        }
    done
}

is_elf() { [ -f "$1" ] && [ "$(head -c 4 "$1" | tr -d '\0')" = $'\177ELF' ]; }

# lacking BINARY...: a line "LIBRARY<tab>BINARY" for each library that the loader does not find, and for each
# that is too old "LIBRARY (VERSION)<tab>BINARY". A library that lies beside the binary among the same packages is
# none of the system's: another module has loaded it by then.
lacking() {
    local binary library
    for binary in "$@"; do
        { LC_ALL=C ldd "$binary" 2>&1 || true; } | awk '
            / => not found/ { print $1 }
            match($0, /[^ \/]+: version `[^ ]+ not found/) {
                split(substr($0, RSTART, RLENGTH), part, /: version `|. not found/)
                print part[1] " (" part[2] ")"
            }
            /error while loading shared libraries/ { sub(/.*libraries: /, ""); sub(/:.*/, ""); print }
        ' | sort -u | while IFS= read -r library; do
            case "$binary" in
                */site-packages/*)
                    [ -z "$(find "${binary%%/site-packages/*}/site-packages" -name "$library" -print -quit)" ] || continue
                    ;;
            esac
            printf '%s\t%s\n' "$library" "$binary"
        done
    done
}

# need_libraries BINARY...: all of them find their libraries; what is known to be missing was installed.
need_libraries() {
    local missing packages=() package library binary
    missing=$(lacking "$@")
    [ -n "$missing" ] || return 0
    while IFS=$'\t' read -r library binary; do
        package=$(package_of "$library")
        [ -z "$package" ] || [[ " ${packages[*]} " == *" $package "* ]] || packages+=("$package")
    done <<<"$missing"
    [ ${#packages[@]} = 0 ] || apt_install "${packages[@]}"
    missing=$(lacking "$@")
    [ -n "$missing" ] || return 0
    IFS=$'\t' read -r library binary <<<"$missing"
    fail "$binary needs the library $library, which this system does not have. Install the package that has it," \
        "then run this again."
}

need_driver() { # $1: a .venv; what starts the browser finds its libraries
    local node
    node=$(find "$1"/lib/python3.*/site-packages/playwright/driver/node 2>/dev/null | head -n 1)
    [ -z "$node" ] || need_libraries "$node"
}

has_driver() { # $1: a .venv; the program that starts browsers is still there
    local node
    for node in "$1"/lib/python3.*/site-packages/playwright/driver/node; do
        [ ! -x "$node" ] || return 0
    done
    return 1
}

need_modules() { # $1: a .venv; its compiled modules find their libraries: some seconds, so only for a new one
    local modules
    mapfile -t modules < <(find "$1" -type f \( -name '*.so' -o -name '*.so.*' \))
    [ ${#modules[@]} = 0 ] || need_libraries "${modules[@]}"
}

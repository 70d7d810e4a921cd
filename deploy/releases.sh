# shellcheck shell=bash disable=SC2034,SC2154 # shared with service.sh, which says what the names mean
# Releases of the service: trees beside each other in /opt/wabox, and the Python packages that they share.
# A release has a small .venv of its own, which looks into packages-HASH: one directory for each list of packages and
# each Python. So an upgrade that changes no package installs none, and writes some megabytes instead of 400.

room_for_packages=700 # megabytes, with pip's own
room_for_release=80

find_last_good() { # sets previous; an installation older than last-good has only what is in use
    local link
    for link in last-good current; do
        previous=$(readlink -e "$release_home/$link") && return 0
    done
    previous=
}

build_release() { # sets release: this tree in a directory of its own, with all that it needs, able to start
    local name n=1
    name=$(date -u +%Y%m%dT%H%M%S)
    release=$release_home/${name}Z
    while [ -e "$release" ]; do # the clock was set back, or this ran a moment ago
        n=$((n + 1))
        release=$release_home/$name-${n}Z
    done
    need_room "$release_home" "$room_for_release"
    stage=building
    install -d -m 755 "$release_home" "$release"
    cp -R "$here/wabox" "$here/deploy" "$here/pyproject.toml" "$here/README.md" "$here/LICENSE" \
        "$here/CHANGELOG.md" "$here/wabox.toml" "$here/install.sh" "$release/"
    find "$release" -name __pycache__ -prune -exec rm -rf {} +
    chmod -R u=rwX,go=rX "$release"
    share_packages
    as_service "$release/.venv/bin/wabox" serve --help >/dev/null ||
        fail "the new version does not start; nothing was changed."
}

need_room() { # $1: a directory that may not be there yet, $2: megabytes
    local there=$1 free
    while [ ! -d "$there" ]; do there=$(dirname "$there"); done
    free=$(df -Pm "$there" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge "$2" ] ||
        fail "this needs $2 MB in $1, and only $free MB are free; free some space, then run this again."
}

share_packages() { # the release's .venv: wabox from the release, everything else from the packages of its lock
    local lock=$release/deploy/requirements.lock packages site
    need_python
    packages=$release_home/packages-$( (
        "$python" -c 'import sys; print(sys.version, sys.base_prefix)'
        cat "$lock"
    ) | sha256sum | cut -c1-16)
    while [ -e "$packages/whole" ] && ! has_driver "$packages"; do # the running box may still use what is left of it
        packages=$packages-anew
    done
    if [ ! -e "$packages/whole" ]; then
        need_room "$release_home" "$room_for_packages"
        rm -rf "$packages" # half of it, of a run that was killed
        "$python" -m venv "$packages"
        install_packages "$packages" "$lock"
        need_modules "$packages"
        : >"$packages/whole"
    fi
    need_driver "$packages"
    "$python" -m venv --without-pip "$release/.venv"
    site=$(find "$release/.venv/lib" -maxdepth 2 -name site-packages -print -quit)
    printf 'import site; site.addsitedir("%s")\n' "$packages/${site#"$release/.venv/"}" >"$site/packages.pth"
    printf '%s\n' "$release" >"$site/wabox.pth"
    printf '#!%s\nimport sys\n\nfrom wabox.__main__ import main\n\nsys.exit(main())\n' \
        "$release/.venv/bin/python" >"$release/.venv/bin/wabox"
    chmod 755 "$release/.venv/bin/wabox"
    ln -sfn "$packages" "$release/packages"
    "$release/.venv/bin/python" -m compileall -q "$release/wabox" || true # the service cannot write here
}

point_at() { # $1: a release, $2: the name that is to mean it
    ln -sfn "$1" "$release_home/$2.new" && mv -T "$release_home/$2.new" "$release_home/$2"
}

forget_new() { # nothing of what was begun is left
    rm -rf "$release" "${kept:-$release}"
    forget_packages
}

forget_old() { # keeps the release in use and the one before, their copies of the data, and the latest that a person may want
    local one others current
    current=$(readlink -e "$release_home/current") || return 0
    for one in "$release_home"/2*Z; do
        [ "$one" = "$current" ] || [ "$one" = "$previous" ] || [ ! -d "$one" ] || rm -rf "$one"
    done
    forget_packages
    others=$(find "$data_home/backups" -mindepth 1 -maxdepth 1 -type d -name 'before-2*Z' \
        ! -path "$kept" ! -name "before-$(basename "${previous:-none}")" | sort -r)
    [ -z "$others" ] || printf '%s\n' "$others" | {
        wanted=1
        while IFS= read -r one; do
            if [ -e "$one/newer.db" ] && [ "$wanted" = 1 ]; then wanted=0; else rm -rf "$one"; fi
        done
    }
}

forget_packages() { # those that no release uses
    local one release_of used=()
    for release_of in "$release_home"/2*Z; do
        used+=("$(readlink -e "$release_of/packages" || true)")
    done
    for one in "$release_home"/packages-*; do
        [ ! -d "$one" ] || [[ " ${used[*]} " == *" $one "* ]] || rm -rf "$one"
    done
}

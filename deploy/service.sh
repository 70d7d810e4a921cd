# shellcheck shell=bash disable=SC2154 # here: this tree, of install.sh
# wabox as a system service: a release of its own, a copy of the data, the change-over, and the way back.
# Sourced by install.sh, which has say, fail and make_venv.
#
# `stage` says what an early end finds, be it a fault, Ctrl-C or a closed terminal, and what `leave` does about it:
#   building   nothing has changed: the half release is removed
#   stopped    wabox may stand still, its data and `current` are as before: it ran on, or starts again
#   switched   `current` names the new release: it is started, waited for, and rolled back if it does not answer
# A release is known as good once it has answered: `last-good` names it, and no clock is asked for the order.

release_home=/opt/wabox
data_home=/var/lib/wabox
config_file=/etc/wabox/wabox.toml
unit_file=/etc/systemd/system/wabox.service
command_link=/usr/local/bin/wabox
install_lock=/run/wabox-install.lock
systemd_home=/run/systemd/system
service_user=wabox
service_path=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin # a Python in somebody's home is out of the service's reach
health_probes=60
stage='' release='' previous='' kept='' ran=no

as_service() { runuser -u "$service_user" -- env HOME="$data_home" "$@"; }

service() {
    is_root || fail "the service needs root: sudo ./install.sh service"
    [ -d "$systemd_home" ] || fail "this system does not run systemd; start wabox with: .venv/bin/wabox serve"
    exec 9>"$install_lock"
    flock -n 9 || fail "another ./install.sh service is at work; wait until it is done."
    check_machine
    need_browser
    need_fonts
    PATH=$service_path
    id -u "$service_user" >/dev/null 2>&1 || useradd --system --user-group --home-dir "$data_home" \
        --no-create-home --shell /usr/sbin/nologin "$service_user"
    install -d -m 700 -o "$service_user" -g "$service_user" "$data_home" "$data_home/backups"
    write_config

    trap leave EXIT
    trap '' PIPE # whoever read what is said here may be gone, too
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    find_last_good
    build_release
    kept=$data_home/backups/before-$(basename "$release")
    database_copy room "$data_home/wabox.db" "$data_home/backups" || fail "nothing was changed."

    stage=stopped
    is_stopped || ran=yes
    stop_service || fail "systemd could not stop wabox, so nothing was changed. Look at: systemctl status wabox"
    copy_data || fail "the data could not be copied, so nothing was changed."
    stage=switched
    change_over
    local link=
    link=$(as_service "$release/.venv/bin/wabox" setup-link --config "$config_file" --if-new) || true
    start_and_judge
    ln -sfn "$release_home/current/.venv/bin/wabox" "$command_link"
    say "wabox runs. Settings: $config_file. Log: journalctl -u wabox" \
        "What is wrong, if anything: sudo -u $service_user wabox doctor --config $config_file"
    [ -z "$link" ] || say "Open this once, within a day, to make the box yours:" "$link"
}

leave() {
    local code=$?
    trap - EXIT
    trap '' HUP INT TERM # what is begun here is brought to its end
    set +e
    case $stage in
        building) rm -rf "$release" ;;
        stopped)
            start_as_before
            rm -rf "$release"
            ;;
        switched)
            say "Interrupted; the new version is given its time to answer, or the one before comes back."
            change_over
            start_and_judge
            say "The new version runs."
            ;;
    esac
    exit "$code"
}

# -- a release ------------------------------------------------------------------------------------

find_last_good() { # sets previous; an installation older than last-good has only what is in use
    local link
    for link in last-good current; do
        previous=$(readlink -e "$release_home/$link") && return 0
    done
    previous=
}

build_release() { # sets release: this tree in a directory of its own, with all that it needs, able to start
    release=$release_home/$(date -u +%Y%m%dT%H%M%SZ)
    [ ! -e "$release" ] || {
        local taken=$release
        release=
        fail "$taken is there already: the clock was set back, or this ran a moment ago. Run it again."
    }
    stage=building
    install -d -m 755 "$release_home" "$release"
    cp -R "$here/wabox" "$here/deploy" "$here/pyproject.toml" "$here/README.md" "$here/LICENSE" \
        "$here/CHANGELOG.md" "$here/wabox.toml" "$here/install.sh" "$release/"
    find "$release" -name __pycache__ -prune -exec rm -rf {} +
    chmod -R u=rwX,go=rX "$release"
    make_venv "$release" "$release/deploy/requirements.lock"
    as_service "$release/.venv/bin/wabox" serve --help >/dev/null ||
        fail "the new version does not start; nothing was changed."
}

write_config() {
    [ -e "$config_file" ] && return 0
    install -d -m 755 "$(dirname "$config_file")"
    sed "s|^# dir = .*|dir = \"$data_home\"|" "$here/wabox.toml" >"$config_file"
    chmod 644 "$config_file"
}

point_at() { # $1: a release, $2: the name that is to mean it
    ln -sfn "$1" "$release_home/$2.new" && mv -T "$release_home/$2.new" "$release_home/$2"
}

forget_old() { # keeps the release in use and the one before, their copies of the data, and one more of those
    local one others
    for one in "$release_home"/2*Z; do
        [ "$one" = "$release" ] || [ "$one" = "$previous" ] || [ ! -d "$one" ] || rm -rf "$one"
    done
    others=$(find "$data_home/backups" -mindepth 1 -maxdepth 1 -type d -name 'before-2*Z' \
        ! -path "$kept" ! -name "before-$(basename "${previous:-none}")" | sort -r | tail -n +2)
    [ -z "$others" ] || printf '%s\n' "$others" | while IFS= read -r one; do rm -rf "$one"; done
}

# -- stop, copy, start ----------------------------------------------------------------------------

is_stopped() {
    case $(systemctl show -p ActiveState --value wabox) in
        inactive | failed) ;;
        *) return 1 ;;
    esac
}

stop_service() { # it is known to stand still, by more than the order's own word
    is_stopped || { systemctl stop wabox && is_stopped; }
}

start_as_before() {
    [ "$ran" = yes ] || return 0
    if systemctl start wabox; then
        say "wabox runs again as before."
    else
        say "wabox could not be started again. Look at: journalctl -u wabox, then: sudo systemctl start wabox"
    fi
}

database_copy() { # $1: what, $2: from, $3: to; nothing to do where there is no database
    [ ! -e "$2" ] || as_service "$release/.venv/bin/python" "$release/deploy/database_copy.py" "$@"
}

copy_data() { # wabox stands still
    if install -d -m 700 -o "$service_user" -g "$service_user" "$kept" &&
        database_copy make "$data_home/wabox.db" "$kept/wabox.db" &&
        { [ ! -e "$data_home/secret.key" ] || cp -p "$data_home/secret.key" "$kept/"; }; then
        return 0
    fi
    rm -rf "$kept"
    return 1
}

change_over() { # may be repeated
    point_at "$release" current
    install -m 644 "$release/deploy/wabox.service" "$unit_file"
    systemctl daemon-reload
    systemctl enable -q wabox
}

start_and_judge() { # the new release answers; or the one before runs again, and this ends
    systemctl start wabox || true
    if ! is_healthy; then
        journalctl -u wabox -n 20 --no-pager >&2 || true
        roll_back
    fi
    stage=
    point_at "$release" last-good
    forget_old
}

is_healthy() {
    local _
    for _ in $(seq "$health_probes"); do
        if as_service "$release/.venv/bin/wabox" doctor --ready --config "$config_file" >/dev/null 2>&1; then
            return 0
        fi
        sleep 1
    done
    return 1
}

roll_back() {
    trap '' HUP INT TERM # half a way back is none
    stage=
    [ -n "$previous" ] ||
        fail "wabox was installed but does not start; the lines above say why. Mend it, then run this again."
    stop_service || fail "the new version does not answer, and systemd could not stop it, so it was left as it is." \
        "Look at: systemctl status wabox"
    local verdict=0
    as_service "$release/.venv/bin/python" "$release/deploy/can_go_back.py" "$kept/wabox.db" "$data_home/wabox.db" ||
        verdict=$?
    case $verdict in
        0) database_copy put-back "$kept/wabox.db" "$data_home/wabox.db" || fail "the new version does not answer," \
            "and its data could not be put back. wabox is stopped. Keep $data_home as it is and ask for help." ;;
        3) ;; # the data is as good for the earlier version
        *)
            fail "the new version does not answer, and has worked on its data already, so the copy in $kept was not" \
                "put back: messages could go twice. wabox is stopped. Keep $data_home as it is and ask for help."
            ;;
    esac
    { point_at "$previous" current && install -m 644 "$previous/deploy/wabox.service" "$unit_file" &&
        systemctl daemon-reload && systemctl start wabox; } || fail "the new version does not start, and the one before could not be started again." \
        "Look at: journalctl -u wabox"
    [ "$release" = "$previous" ] || rm -rf "$release"
    fail "the new version does not start, so the one before runs again, with its data. The lines above say why."
}

# shellcheck shell=bash disable=SC2154 # here: this tree, of install.sh
# wabox as a system service: a release of its own, a copy of the data, the change-over, and the way back.
# Sourced by install.sh, which has say, fail and the making of .venvs; deploy/releases.sh makes and forgets releases,
# deploy/way_back.sh goes back to the one before.
#
# `stage` says what an early end finds, be it a fault, Ctrl-C or a closed terminal, and what `leave` does about it:
#   building   nothing has changed: the half release is removed
#   stopped    wabox may stand still, its data and `current` are as before: it ran on, or starts again
#   switched   `current` names the new release: it is started, waited for, and rolled back if it is not well
# Against kill -9 no trap helps: a timer of systemd starts wabox then, and the next run first settles what `current`
# names. A release is known as good once it was well: `last-good` names it, and no clock is asked for the order.

release_home=/opt/wabox
data_home=/var/lib/wabox
config_file=/etc/wabox/wabox.toml
localtime=/etc/localtime
unit_file=/etc/systemd/system/wabox.service
command_link=/usr/local/bin/wabox
install_lock=/run/wabox-install.lock
systemd_home=/run/systemd/system
service_user=wabox
guard=wabox-upgrade-guard
service_path=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin # a Python in somebody's home is out of the service's reach
health_probes=60
phone_probes=240 # WhatsApp's page takes a minute or two on a Pi
stage='' release='' previous='' kept='' ran=no ready_phones=''

as_service() { runuser -u "$service_user" -- env HOME="$data_home" "$@"; }

ask() { # $1: a program of the new release's deploy/, which needs nothing but Python itself
    local program=$release/deploy/$1
    shift
    as_service "$release/.venv/bin/python" -I -S "$program" "$@"
}

service() {
    need_service_machine
    check_machine
    need_browser
    need_fonts
    PATH=$service_path
    cd /
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
    settle_cut_off_upgrade
    build_release
    prepare_copy
    look_at_phones
    stage=stopped
    is_stopped || ran=yes
    guard_on
    stop_service || fail "systemd could not stop wabox, so nothing was changed. Look at: systemctl status wabox"
    copy_data || fail "the data could not be copied, so nothing was changed."
    stage=switched
    change_over
    start_and_judge || fail "$went_back"
    ln -sfn "$release_home/current/.venv/bin/wabox" "$command_link"
    say "wabox runs. Settings: $config_file. Log: journalctl -u wabox" "What is wrong, if anything: sudo wabox doctor"
    say_the_zone
    show_set_up_link
}

uninstall() { # $1: --keep-data, or nothing
    need_service_machine
    local keep=no
    case "${1:-}" in
        --keep-data) keep=yes ;;
        '') [ ! -t 0 ] || sure ;;
        *) fail "there is only --keep-data" ;;
    esac
    systemctl disable --now -q wabox 2>/dev/null || true
    is_stopped || fail "systemd could not stop wabox, so nothing was removed. Look at: systemctl status wabox"
    rm -rf "$unit_file" "$command_link" "$release_home"
    systemctl daemon-reload
    if [ "$keep" = yes ]; then
        say "wabox is gone. Its data is in $data_home, its settings are $config_file; install it again to go on."
        return 0
    fi
    rm -rf "$data_home" "$(dirname "$config_file")"
    ! id -u "$service_user" >/dev/null 2>&1 || userdel "$service_user"
    say "wabox is gone, and its data with it. Remove it on each phone, too: WhatsApp, Linked devices."
}

sure() {
    say "This deletes wabox with all messages, contacts and links in $data_home. To keep them: --keep-data"
    local word=
    read -r -p "Type delete to go on: " word || true
    [ "$word" = delete ] || fail "nothing was removed."
}

need_service_machine() {
    is_root || fail "the service needs root: sudo ./install.sh service"
    [ -d "$systemd_home" ] || fail "this system does not run systemd; start wabox with: .venv/bin/wabox serve"
    exec 9>"$install_lock"
    flock -n 9 || fail "another ./install.sh service is at work; wait until it is done."
}

leave() {
    local code=$?
    trap - EXIT
    trap '' HUP INT TERM # what is begun here is brought to its end
    set +e
    case $stage in
        building) forget_new ;;
        stopped)
            start_as_before
            forget_new
            ;;
        switched)
            say "Interrupted; the new version is given its time to answer, or the one before comes back."
            change_over
            if start_and_judge; then say "The new version runs."; else say "install.sh: $went_back" >&2; fi
            ;;
    esac
    guard_off
    exit "$code"
}

write_config() {
    [ -e "$config_file" ] && return 0
    install -d -m 755 "$(dirname "$config_file")"
    sed "s|^# dir = .*|dir = \"$data_home\"|" "$here/wabox.toml" >"$config_file.new"
    chmod 644 "$config_file.new"
    mv "$config_file.new" "$config_file"
}

show_set_up_link() { # only for a box that has no owner yet
    local link
    link=$(as_service "$release/.venv/bin/wabox" setup-link --config "$config_file" --if-new) || return 0
    [ -z "$link" ] || say "Open this once, within a day, to make the box yours:" "$link"
}

say_the_zone() { # in UTC, where rented machines stand, quiet hours would be a shop's afternoon
    ! grep -q '^timezone *=' "$config_file" || return 0
    case $(readlink -f "$localtime") in
        */UTC | */UCT | */Universal | */Zulu | */GMT*) ;;
        *) return 0 ;;
    esac
    say "This machine's time zone is UTC: quiet hours and days go by it wherever nobody chose another. To set yours:" \
        "sudo timedatectl set-timezone Asia/Dhaka && sudo systemctl restart wabox"
}

settle_cut_off_upgrade() { # a run that was killed may have left a release in use that nobody has judged
    local current
    current=$(readlink -e "$release_home/current") || return 0
    [ -n "$previous" ] && [ "$current" != "$previous" ] || return 0
    say "An earlier upgrade was cut off; its version is looked at first."
    release=$current
    kept=$data_home/backups/before-$(basename "$release")
    stage=switched
    change_over
    if start_and_judge; then
        previous=$release
    else
        say "$went_back"
        [ "$(readlink -e "$release_home/current")" = "$previous" ] || previous=$release # it alone can read the data now
    fi
    release='' kept='' stage=''
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

guard_on() { # whatever kills this script, systemd starts wabox within a minute; while this works, the lock is held
    [ "$ran" = yes ] || return 0
    systemd-run -q --collect --unit="$guard" --on-active=30 --on-unit-inactive=30 -- /bin/sh -c \
        "if flock -n $install_lock systemctl start wabox; then systemctl stop $guard.timer; fi" ||
        say "Going on without a guard against kill -9."
}

guard_off() { [ "$ran" = no ] || systemctl stop "$guard.timer" >/dev/null 2>&1 || true; }

database_copy() { # $1: what, $2: from, $3: to; nothing to do where there is no database
    [ ! -e "$2" ] || ask database_copy.py "$@"
}

prepare_copy() { # while wabox runs: room, and a checked copy; what changes until it stops is caught up with then
    kept=$data_home/backups/before-$(basename "$release")
    database_copy room "$data_home/wabox.db" "$data_home/backups" || fail "nothing was changed."
    install -d -m 700 -o "$service_user" -g "$service_user" "$kept"
    database_copy make "$data_home/wabox.db" "$kept/wabox.db" ||
        fail "the data could not be copied, so nothing was changed."
}

copy_data() { # wabox stands still
    database_copy catch-up "$data_home/wabox.db" "$kept/wabox.db" || return 1
    [ ! -e "$data_home/secret.key" ] || cp -p "$data_home/secret.key" "$kept/"
}

change_over() { # may be repeated
    point_at "$release" current
    put_unit "$release"
    systemctl is-enabled -q wabox || systemctl enable -q wabox
}

put_unit() { # $1: a release. What systemd has read already it need not read again: that takes half a second
    unit_of "$1" >"$unit_file.new"
    if cmp -s "$unit_file.new" "$unit_file" && [ "$(systemctl show -p NeedDaemonReload --value wabox)" = no ]; then
        rm -f "$unit_file.new"
        return 0
    fi
    chmod 644 "$unit_file.new"
    mv "$unit_file.new" "$unit_file"
    systemctl daemon-reload
}

unit_of() { # $1: a release. Without what this systemd does not know: it would say so at each start
    local version
    version=$(systemctl --version | awk 'NR == 1 { print $2 + 0 }')
    if [ "${version:-0}" -ge 254 ]; then
        cat "$1/deploy/wabox.service"
    else
        grep -vE '^Restart(Steps|MaxDelaySec)=' "$1/deploy/wabox.service"
    fi
}

# -- judging --------------------------------------------------------------------------------------

look_at_phones() { # which phones are ready now: so they must be again. And the new version starts a browser here
    ready_phones=''
    [ ! -e "$data_home/wabox.db" ] ||
        ready_phones=$(ask phones.py "$data_home/wabox.db") ||
        ready_phones=''
    local said
    said=$(as_service "$release/.venv/bin/wabox" doctor --browser --config "$config_file" 2>&1) && return 0
    say "$said" >&2
    [ -z "$ready_phones" ] || fail "the new version cannot start its browser here; nothing was changed."
    say "Going on: no phone was ready anyway. Put this right before you link one."
}

start_and_judge() { # the new release is well. Else 1: went_back says what became of it
    systemctl start --no-block wabox || true
    if ! is_healthy; then
        journalctl -u wabox -n 20 --no-pager >&2 || true
        roll_back "does not answer"
        return 1
    fi
    if ! phones_are_back; then
        roll_back "does not get the phones ready that were"
        return 1
    fi
    stage=
    guard_off
    point_at "$release" last-good
    forget_old
}

is_healthy() { # pages, writer and engine
    local _ restarts
    for _ in $(seq "$(patience)"); do
        ! ask health.py "$config_file" || return 0
        restarts=$(systemctl show -p NRestarts --value wabox) || restarts=0
        [ "${restarts:-0}" -lt 3 ] || return 1 # it ends by itself, again and again
        sleep 1
    done
    return 1
}

patience() { # prints how many probes: a new schema takes its time on a large database, four megabytes a second at the least
    local megabytes=0
    [ ! -e "$data_home/wabox.db" ] || megabytes=$(du -m "$data_home/wabox.db" | cut -f1)
    printf '%s\n' $((health_probes + megabytes / 4))
}

phones_are_back() { # browser and driver as well, then
    [ -n "$ready_phones" ] || return 0
    local _
    for _ in $(seq "$phone_probes"); do
        ! ask phones.py "$data_home/wabox.db" "$ready_phones" || return 0
        sleep 1
    done
    return 1
}

# shellcheck shell=bash disable=SC2034,SC2154 # shared with service.sh, which says what the names mean
# The way back from a new release that is not well, to the one before: with the data that it can use. Nothing that was
# sent meanwhile goes twice: the data stays, or all of it is carried over, or the box is held until its owner says what goes.

roll_back() { # $1: what the new version does not do. Sets went_back
    trap '' HUP INT TERM # half a way back is none
    stage=
    [ -n "$previous" ] || {
        went_back="wabox was installed but does not start; the lines above say why. Mend it, then run this again."
        return 0
    }
    stop_service || {
        went_back="the new version $1, and systemd could not stop it, so it was left as it is. Look at: systemctl status wabox"
        return 0
    }
    find_way_back
    case $way in
        none) keep_new "$1" ;;
        *) start_previous "$1" ;;
    esac
    guard_off
}

find_way_back() { # sets way: what the version before finds as its data
    local verdict=0 database=$data_home/wabox.db
    way=none
    ask can_go_back.py "$kept/wabox.db" "$database" || verdict=$?
    case $verdict in
        0) ! database_copy put-back "$kept/wabox.db" "$database" || way=copy ;;
        3) way=same ;;
        4)
            if make_way carry; then
                way=carried
            elif ! holds_itself; then
                say "The version before is too old to be held, so its copy is not put back." >&2
            elif make_way hold; then
                way=held
            fi
            ;;
    esac
}

holds_itself() { [ -e "$previous/wabox/fence.py" ]; }

make_way() { # $1: carry or hold
    local made=$kept/for-the-one-before.db
    ask carry_back.py "$1" "$kept/wabox.db" "$data_home/wabox.db" "$made" || return 1
    ask database_copy.py take "$made" "$data_home/wabox.db" || {
        rm -f "$made"
        return 1
    }
}

start_previous() {
    point_at "$previous" current
    put_unit "$previous"
    systemctl start wabox || {
        went_back="the new version $1, and the one before could not be started again. Look at: journalctl -u wabox"
        return 0
    }
    [ "$release" = "$previous" ] || rm -rf "$release"
    forget_packages
    went_back="the new version $1, so the one before runs again, with its data. The lines above say why."
    case $way in
        carried) went_back="the new version $1, so the one before runs again, with its data and all that came since.
What only the new version knows is in $kept/newer.db. The lines above say why." ;;
        held) went_back="the new version $1, so the one before runs again, with its data as it was before the upgrade. It sends
nothing until you say what goes, for it does not know what was sent since: the page Settings, Held, or sudo wabox
release. What came since is in $kept/newer.db. The lines above say why." ;;
    esac
}

keep_new() { # its data is of no use to the one before: the new version is the only one that can go on
    systemctl start --no-block wabox || true
    went_back="the new version $1, and the version before cannot go on with its data, nor could the copy in $kept be put
back (the lines above say why). The new version goes on and is started again and again. Keep $data_home as it is; look at:
sudo wabox doctor"
}

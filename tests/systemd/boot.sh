#!/usr/bin/env bash
# Boots systemd on a tree made by tree.sh, in namespaces of its own: tests/systemd/boot.sh TREE PLACE.
# What it writes lies in PLACE, over the tree; PLACE/share is /share in there. It has no network but a loopback of its
# own, cannot set this machine's clock, and ends with this script: nothing of this machine is touched.
set -euo pipefail

outside() { # cgroups and the root, in the mount namespace that only this has
    local tree=$1 place=$2 group
    mkdir -p "$place"/{cgroup,upper,work,root,share}
    mount -t cgroup2 none "$place/cgroup"
    group=$place/cgroup/$(basename "$place")-$$
    mkdir "$group"
    trap 'rmdir "$group" 2>/dev/null || true' EXIT
    mount -t overlay overlay -o "lowerdir=$tree,upperdir=$place/upper,workdir=$place/work" "$place/root"
    mkdir -p "$place/root/share" "$place/root/mnt"
    mount --bind "$place/share" "$place/root/share"
    (
        echo "$BASHPID" >"$group/cgroup.procs"
        exec setpriv --pdeathsig KILL unshare --mount --cgroup --pid --net --uts --ipc --fork --kill-child=KILL --propagation private \
            bash "$0" inside "$place/root"
    ) || true
    local _
    for _ in $(seq 50); do # what was in there ends with its first process
        find "$group" -depth -type d -exec rmdir {} + 2>/dev/null && break
        sleep 0.1
    done
}

inside() { # the first process of the new machine
    cd "$1"
    mount -t proc proc proc
    mount -t sysfs -o ro sysfs sys
    mount -t tmpfs -o mode=755 tmpfs run
    mount -t tmpfs -o mode=1777 tmpfs tmp
    mount -t tmpfs -o mode=755 tmpfs dev
    local one
    for one in null zero full random urandom tty; do
        : >"dev/$one"
        mount --bind "/dev/$one" "dev/$one"
    done
    mkdir dev/pts dev/shm
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
    ln -s pts/ptmx dev/ptmx
    ln -s /proc/self/fd dev/fd
    ln -s /proc/self/fd/0 dev/stdin
    ln -s /proc/self/fd/1 dev/stdout
    ln -s /proc/self/fd/2 dev/stderr
    mount -t tmpfs -o mode=1777 tmpfs dev/shm
    mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
    mount -t cgroup2 cgroup2 sys/fs/cgroup
    mount --bind proc/sys proc/sys
    mount -o remount,bind,ro proc/sys
    hostname shop
    pivot_root . mnt
    umount -l /mnt
    exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=wabox setpriv \
        --bounding-set=-sys_time,-sys_module,-sys_boot,-sys_rawio /lib/systemd/systemd --log-target=journal
}

case "${1:-}" in
    inside) inside "$2" ;;
    outside) outside "$2" "$3" ;;
    *) exec unshare --mount --propagation private bash "$0" outside "$@" ;;
esac

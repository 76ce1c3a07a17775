#!/bin/sh
# Runs a Docker engine in the Debian system in folder $1, with its socket and its data in folder $2. Called by
# engine.py in mount and process namespaces of its own: whatever is mounted or started here ends with them.
set -eu
root=$1 folder=$2
mount --make-rprivate /
mkdir -p "$root/var/lib/docker"
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mkdir "$root/run/osmod" "$root/run/host"
mount --bind "$folder/socket" "$root/run/osmod"
mount --bind "$folder/data" "$root/var/lib/docker"
cat /etc/resolv.conf >"$root/etc/resolv.conf"
# Not chroot: every `docker exec` and health check would fail ("chdir to cwd … no such file or directory").
cd "$root"
pivot_root . run/host
umount -l run/host
exec tini -- dockerd --host=unix:///run/osmod/docker.sock \
    --cgroup-parent=osmod-test --bip=172.31.250.1/24 --default-address-pool=base=172.31.248.0/23,size=28

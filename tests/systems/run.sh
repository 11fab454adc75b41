#!/usr/bin/env bash
# Takes bare Debian systems through the README's two commands, as a new user would: a system with nothing but git, a fresh
# clone of HEAD, ./walk, then ./walk test. Run it as root, before a release. bookworm (12) and trixie (13) must pass; sid
# is reported and never fails the run.
#
#   tests/systems/run.sh                  all three
#   tests/systems/run.sh trixie           one of them
#   KEEP=/var/tmp tests/systems/run.sh    keeps the systems in this folder, so that the next run need not make them again
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
readonly checkout=$PWD mirror=${MIRROR:-http://deb.debian.org/debian}

# what, where, what to do: one line on standard error, exit status 2
fail() {
    echo "systems: $*" >&2
    exit 2
}

[ "$(id -u)" -eq 0 ] || fail "a bare system is made and entered as root; run it with sudo"
for needed in debootstrap git; do
    command -v "$needed" >/dev/null || fail "$needed is missing; apt-get install $needed"
done
for suite in "$@"; do
    case $suite in bookworm | trixie | sid) ;; *) fail "there is no system '$suite' here; take bookworm, trixie or sid" ;; esac
done

folder=${KEEP:-$(mktemp -d)}
mounted=()

# Nothing of this machine stays mounted in a folder that is then removed.
leave() {
    local i
    for ((i = ${#mounted[@]} - 1; i >= 0; i--)); do umount "${mounted[i]}" || umount -l "${mounted[i]}"; done
    mounted=()
}
clean_up() {
    leave
    [ -n "${KEEP:-}" ] || rm -rf --one-file-system "$folder"
}
trap clean_up EXIT

mount_in() {
    mkdir -p "$1"
    mount "${@:2}" "$1"
    mounted+=("$1")
}

# Makes the bare system and puts a clone of HEAD into it.
set_up() {
    local suite=$1 root=$folder/$1
    if [ ! -f "$root/.made" ]; then
        debootstrap --variant=minbase --include=git,ca-certificates "$suite" "$root" "$mirror" >"$folder/$suite.debootstrap" 2>&1 ||
            { tail -n 5 "$folder/$suite.debootstrap" >&2; return 1; }
        touch "$root/.made"
    fi
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    rm -rf "$root/root/checkout"
    git clone -q "$checkout" "$root/root/checkout"
    mount_in "$root/proc" -t proc proc
    mount_in "$root/sys" -t sysfs sysfs -o ro
    mount_in "$root/dev/pts" -t devpts devpts -o newinstance,ptmxmode=0666
    mount_in "$root/dev/shm" -t tmpfs tmpfs
    # A new instance has its own ptmx; without it no terminal can be opened.
    [ -L "$root/dev/ptmx" ] || { rm -f "$root/dev/ptmx" && ln -s pts/ptmx "$root/dev/ptmx"; }
}

# Runs a command of the README in the system; its whole output goes to a file beside it.
in_system() {
    local suite=$1 log=$folder/$1.$2 start=$SECONDS status=0
    chroot "$folder/$suite" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
        LANG=C.UTF-8 sh -c "cd /root/checkout && $3" >"$log" 2>&1 </dev/null || status=$?
    printf '  %-12s %-4s %4d s   %s\n' "$3" "$([ "$status" -eq 0 ] && echo ok || echo "$status")" $((SECONDS - start)) "$log"
    [ "$status" -eq 0 ] || { tail -n "${TAIL:-25}" "$log" && return 1; }
}

try() {
    local suite=$1 status=0
    echo "$suite"
    set_up "$suite" || status=1
    if [ "$status" -eq 0 ]; then
        in_system "$suite" walk ./walk || status=1
        tail -n 2 "$folder/$suite.walk" | sed 's/^/  /'
        in_system "$suite" test "./walk test" || status=1
        grep -E '% tests passed' "$folder/$suite.test" | sed 's/^/  /' || true
    fi
    leave
    return $status
}

failed=""
for suite in ${*:-bookworm trixie sid}; do
    try "$suite" && continue
    if [ "$suite" = sid ]; then echo "  sid may fail: it is reported only"; else failed="$failed $suite"; fi
done
[ -z "$failed" ] || { echo "systems: failed:$failed" && exit 1; }

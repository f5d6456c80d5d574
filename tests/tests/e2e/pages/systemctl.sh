#!/bin/sh
# Stands for systemd in the tests of pages: runs what a unit file says, and knows the few commands that pages use.
set -eu
command=$1
shift
property=
for word in "$@"; do
    case "$word" in
        --property=*) property=${word#*=} ;;
        --*) ;;
        *) unit=$word ;;
    esac
done

# The value of a key of the unit's file.
of() {
    sed -n "s/^$1=//p" "$file" | sed "s/%i/$instance/g"
}

# A zombie has ended, too.
runs() {
    [ -e "$pid" ] && grep -q '^State:[[:space:]]*[^Z]' "/proc/$(cat "$pid")/status" 2>/dev/null
}

start() {
    runs && return
    (umask 077 && for name in $(of StateDirectory); do mkdir -p "ROOT/var/lib/$name"; done)
    for name in $(of CacheDirectory); do mkdir -p "ROOT/var/cache/$name"; done
    cd /
    # shellcheck disable=SC2046
    $(of ExecStart) >>"ROOT/run/$unit.log" 2>&1 </dev/null &
    echo $! >"$pid"
}

stop() {
    runs || return 0
    kill -TERM "$(cat "$pid")"
    wait_for_end
}

wait_for_end() {
    for _ in $(seq "$(of TimeoutStopSec)"); do
        runs || return 0
        sleep 1
    done
    echo "$unit did not stop"
    exit 1
}

[ "$command" != daemon-reload ] || exit 0
instance=${unit#*@}
case "$unit" in
    *@*) file=ROOT/etc/systemd/system/${unit%@*}@.service ;;
    *) file=ROOT/etc/systemd/system/$unit.service ;;
esac
pid=ROOT/run/$unit.pid
case "$command" in
    start | enable) start ;;
    stop | disable) stop ;;
    restart) stop && start ;;
    reload) MAINPID=$(cat "$pid") && eval "$(of ExecReload)" ;;
    wait) wait_for_end ;;
    is-active) runs && echo active ;;
    show) [ "$property" = MainPID ] && cat "$pid" ;;
    *) echo "the stand-in for systemctl does not know $command" && exit 1 ;;
esac

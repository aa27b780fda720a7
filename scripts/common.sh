# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Steps with progress and logs, the lock, errors. Sourced by bootstrap.

say() { printf '%s\n' "$*"; }
note() { printf '%s\n' "orrery: $*" >&2; }

# die CODE TEXT: 2 is bad input, 3 something that broke (the exit codes of orrery).
die() {
    die_code=$1
    shift
    printf '%s\n' "orrery: $*" >&2
    exit "$die_code"
}

# Set NOW to the seconds since boot, without a fork.
now() {
    IFS=. read -r NOW _ </proc/uptime
}

MONITOR=
monitor_stop() {
    [ -n "$MONITOR" ] || return 0
    # KILL: a TERM that comes while the shell is still forking would be lost
    kill -KILL "$MONITOR" 2>/dev/null || true
    wait "$MONITOR" 2>/dev/null || true
    MONITOR=
}
trap 'monitor_stop' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# The last [n/m] of ninja in a log: "n m", or nothing.
ninja_count() {
    tail -c 16384 "$1" 2>/dev/null | sed -n 's,^\[\([0-9]*\)/\([0-9]*\)\].*,\1 \2,p' | tail -n 1
}

# Runs beside a step and tells how far it is: in place on a terminal, else a line per 10 %, five
# seconds apart or more. A step that takes less than a second (WATCH_PATIENCE, when no terminal is
# there) says nothing.
monitor() {
    trap - EXIT
    now
    monitor_start=$NOW monitor_tenth=0 monitor_last=$NOW monitor_said=
    sleep 1 >/dev/null 2>&1
    while kill -0 $$ 2>/dev/null; do
        now
        monitor_count=$(ninja_count "$2")
        monitor_done=${monitor_count% *} monitor_total=${monitor_count#* }
        if [ -t 2 ]; then
            printf '\r\033[K%s … %s%s s' "$1" "${monitor_count:+[$monitor_done/$monitor_total] }" \
                $((NOW - monitor_start)) >&2
        elif [ -z "$monitor_said" ] && [ $((NOW - monitor_start)) -ge "${WATCH_PATIENCE:-1}" ]; then
            printf '%s …\n' "$1" >&2
            monitor_said=yes
        elif [ "${monitor_total:-0}" -gt 0 ] && [ $((NOW - monitor_last)) -ge 5 ] &&
            [ $((monitor_done * 10 / monitor_total)) -gt "$monitor_tenth" ]; then
            monitor_last=$NOW
            monitor_tenth=$((monitor_done * 10 / monitor_total))
            printf '%s … [%s/%s] %s s\n' "$1" "$monitor_done" "$monitor_total" \
                $((NOW - monitor_start)) >&2
        fi
        sleep 0.5 >/dev/null 2>&1
    done
}

# watch_begin TITLE LOG … watch_end - a monitor beside what runs in between. watch_end sets
# WATCH_SECONDS.
watch_begin() {
    : >"$2"
    now
    watch_start=$NOW
    monitor "$1" "$2" 9>&- &
    MONITOR=$!
}

watch_end() {
    monitor_stop
    now
    WATCH_SECONDS=$((NOW - watch_start))
    if [ -t 2 ]; then
        printf '\r\033[K' >&2
    fi
}

# try TITLE LOG COMMAND… - run a step with its output in the log; returns its exit code.
try() {
    try_title=$1
    STEP_LOG=$LOGS/$2.log
    shift 2
    watch_begin "$try_title" "$STEP_LOG"
    try_code=0
    "$@" >"$STEP_LOG" 2>&1 || try_code=$?
    watch_end
    if [ $try_code -eq 0 ] && [ "$WATCH_SECONDS" -ge 1 ]; then
        printf '%s: %s s\n' "$try_title" "$WATCH_SECONDS" >&2
    fi
    return $try_code
}

# step TITLE LOG COMMAND… - the same; a failure ends the job with the end of the log.
step() {
    try "$@" && return 0
    # ninja goes on with other jobs after the first failure
    sed -n '/^FAILED: /,$p' "$STEP_LOG" | head -n 20 >&2
    grep -q '^FAILED: ' "$STEP_LOG" || tail -n 20 "$STEP_LOG" >&2
    die 3 "$1: failed; the whole log is $STEP_LOG"
}

# Make the cache and its absolute name without symlinks (ccache wants that).
cache_open() {
    mkdir -p "$CACHE/logs" 2>/dev/null || die 3 "$CACHE: cannot make the cache here (ORRERY_CACHE=DIR)"
    CACHE=$(cd "$CACHE" && pwd -P)
    case $CACHE in *[[:space:]]*) die 2 "$CACHE: QEMU cannot be built below a path with spaces (ORRERY_CACHE=DIR)" ;; esac
    LOGS=$CACHE/logs
    mkdir -p "$(dirname "$BUILD")"
    BUILD=$(cd "$(dirname "$BUILD")" && pwd -P)/$(basename "$BUILD")
}

# One bootstrap at a time builds in a cache.
lock_take() {
    exec 9>"$CACHE/lock"
    if ! flock -n 9; then
        note "another bootstrap builds in $CACHE; waiting for it"
        flock 9
    fi
}

lock_drop() {
    exec 9>&-
}

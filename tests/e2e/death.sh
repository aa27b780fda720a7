#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Whoever dies, all die: within 2 s no process, run directory or shared memory is left, the exit code
# is 3, and one line says who died first and at what virtual time. Who only stops holds the others up.
# timeout: 240
# shellcheck disable=SC2153 # PID is lib.sh's
. "$(dirname "$0")/lib.sh"

GONE_S=2

# A few seconds of work on both, and quiet until the end.
manifest=$(pair death busy_link busy_link)

# At work, and as far from its end on a busy host as on a quiet one: it does not run while it is
# looked for.
begin() {
    as=$1
    shift
    start_paused death "$manifest" --trace-hash "$@" || not_ok "$as: starts"
    timeout 60 "$ORRERY" until 20ms --run "$RUN" >"$OUT" || not_ok "$as: gets going"
    PIDS="a=$(pid_of a) b=$(pid_of b) broker=$(pid_of broker) launcher=$(pid_of launcher)"
    resume
}

# signal NAME WHO - as `begin` found them.
signal() { kill "-$1" "$(echo "$PIDS" | sed "s/.*\<$2=\([0-9]*\).*/\1/")" 2>/dev/null; }

# The processes must not be listed by one that would be in the list.
left() {
    left_pids=$(left_processes)
    # shellcheck disable=SC2046,SC2086 # on one line
    echo $left_pids $(left_runs) $(left_shm)
}

# gone_soon - and with it its run directory; with the seconds it took
gone_soon() {
    from=$(seconds)
    limit=$(loaded $GONE_S) # as the launcher reckons, while the run is there
    if wait_for $((GONE_S + 8)) none_left && [ -z "$(left_runs)$(left_shm)" ]; then
        at_most "$as: all of it is gone" "$(echo "$(seconds) $from" | awk '{ print $1 - $2 }')" \
            "$(printf '%s\n' "$limit" "$(loaded $GONE_S)" | sort -n | tail -n 1)" s
    else
        not_ok "$as: all of it is gone" "left: $(left)"
    fi
}

# one_line PATTERN - all that is on stderr.
one_line() {
    is "$as: one line" "$(wc -l <"$SCRATCH/death.err")" 1
    check "$as: it says who, and at what virtual time" grep -qE "$1" "$SCRATCH/death.err"
    diag "$(cat "$SCRATCH/death.err")"
}

TIME='[0-9]+\.[0-9]{9}'

killed() {
    begin "kill -9 of $1" --pace 2
    signal KILL "$1"
    gone_soon
    finish 10 "$PID"
    case $1 in
        launcher)
            is "$as: exit code" "$RC" 137
            one_line "the launcher \\(pid $PID\\) died at virtual time $TIME"
            ;;
        broker)
            is "$as: exit code" "$RC" 3
            one_line "^orrery: broker died \\(signal 9\\) at virtual time $TIME\$"
            ;;
        *)
            is "$as: exit code" "$RC" 3
            one_line "^orrery: $1 \\(pid [0-9]+\\) died at virtual time $TIME: .*signal 9"
            ;;
    esac
}

# SIGINT and SIGTERM: an end at one virtual time, in order.
interrupted() {
    begin "SIG$1 to orrery run${2:+, }${2:-}" --pace 2 ${2:+"$2"}
    kill "-$1" "$PID"
    gone_soon
    finish 10 "$PID"
    is "$as: exit code" "$RC" 3
    one_line "^orrery: interrupted at $TIME\$"
}

terminal_interrupt() {
    begin "^C: SIGINT to all of the process group" --pace 2
    kill -INT "-$PID"
    gone_soon
    finish 10 "$PID"
    is "$as: exit code" "$RC" 3
    one_line "^orrery: interrupted at $TIME\$"
}

taken_down() {
    begin "orrery down" --pace 2
    timeout 20 "$ORRERY" down "$RUN"
    is "$as: its own exit code" $? 0
    gone_soon
    finish 10 "$PID"
    is "$as: exit code" "$RC" 3
    one_line "^orrery: interrupted at $TIME\$"
}

# While one is stopped the others stand in virtual time; then all goes on as if nothing had been.
stopped() {
    begin "SIGSTOP of $1 for $2 s" --pace 4 # not over before it is stopped
    signal STOP "$1"
    sleep 1 # for the others to come to their horizon
    if [ "$1" != broker ]; then
        before=$(ps_run '[.instances[].time_ns | tostring] | join(" ")')
        sleep "$2"
        is "$as: nobody moves" "$(ps_run '[.instances[].time_ns | tostring] | join(" ")')" "$before"
    else
        sleep "$2"
    fi
    signal CONT "$1"
    finish 60 "$PID"
    is "$as: exit code" "$RC" 0
    is "$as: nothing on stderr" "$(cat "$SCRATCH/death.err")" ""
    is "$as: the output and hash of an undisturbed run" "$(cat "$SCRATCH/death.out")" "$(cat "$SCRATCH/reference")"
}

# Who is stopped must go as well. The broker is the one that looks after it, and cannot when it is
# itself stopped; then all go when it continues.
killed_while_stopped() {
    begin "kill -9 of $2 while $1 is stopped" --pace 2
    signal STOP "$1"
    sleep 0.2
    signal KILL "$2"
    [ "$1" != broker ] || signal CONT broker
    gone_soon
    finish 10 "$PID"
    is "$as: one line" "$(wc -l <"$SCRATCH/death.err")" 1
    diag "$(cat "$SCRATCH/death.err")"
}

interrupted_while_stopped() {
    begin "SIGINT while $1 is stopped" --pace 2
    signal STOP "$1"
    signal INT launcher
    gone_soon
    finish 10 "$PID"
    is "$as: exit code" "$RC" 3
    is "$as: one line" "$(wc -l <"$SCRATCH/death.err")" 1
    diag "$(cat "$SCRATCH/death.err")"
}

random() { awk -v seed="$1" -v below="$2" 'BEGIN { srand(seed); rand(); print int(rand() * below) }'; }

# Somebody of a run, starting, running or ending, at any moment.
random_kill() {
    start death "$ORRERY" run "$manifest" --trace-hash --for 4s
    delay=$(random "$1" 1300)
    sleep "$(printf '%d.%03d' $((delay / 1000)) $((delay % 1000)))"
    # shellcheck disable=SC2046 # words
    set -- "$1" $(pid_of launcher) $(pid_of broker) $(pid_of a) $(pid_of b)
    shift $(($(random $(($1 + 1000)) $(($# - 1))) + 1))
    victim=$({ tr '\0' ' ' <"/proc/$1/cmdline"; } 2>/dev/null | sed 's/.*,name=\([^,]*\),.*/\1/; s|\([^ ]*/\)\{0,1\}\([^ ]*\) .*|\2|')
    kill -KILL "$1" 2>/dev/null
    wait_for 10 none_left
    finish 1 "$PID"
}

random_kills() {
    bad=0
    count=0
    seed=$(date +%s)
    diag "random kills: seed $seed"
    while [ $count -lt "$(full 20 100)" ]; do
        count=$((count + 1))
        random_kill $((seed + count * 7))
        left=$(left)
        lines=$(wc -l <"$SCRATCH/death.err")
        case $RC,$lines in
            3,1 | 137,[01] | 0,0) [ -z "$left" ] && continue ;;
        esac
        diag "$victim after $delay ms: exit code $RC, left: $left, it said:"
        diag_file "$SCRATCH/death.err"
        bad=$((bad + 1))
    done
    is "$count random kills: each ended well and left nothing" $bad 0
}

run_timeout 60 "$ORRERY" run "$manifest" --trace-hash
cp "$OUT" "$SCRATCH/reference"
for victim in a b broker launcher; do
    killed $victim
done
interrupted INT
interrupted TERM
interrupted HUP
interrupted INT --turns
terminal_interrupt
taken_down
stopped a "$(full 5 10)"
stopped broker 2
killed_while_stopped a b
killed_while_stopped a broker
killed_while_stopped b launcher
killed_while_stopped broker a
interrupted_while_stopped b
interrupted_while_stopped broker
random_kills
done_testing

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Monitors live: a member that waits at its horizon answers at once, and gdb stops and steps one
# member while the others stand in virtual time. The run ends as if nobody had looked.
# timeout: 180
. "$(dirname "$0")/lib.sh"

PAIR=$EXAMPLES/uart-pair.yaml
MEDIAN_MS=50
WORST_MS=200

begin() {
    as=$1
    shift
    start_paused monitors "$@" --trace-hash || not_ok "$as: starts"
}

ends_well() {
    finish 60 "$PID"
    is "$as: exit code" "$RC" 0
    is "$as: the dialogue and hash of an undisturbed run" "$(cat "$SCRATCH/monitors.out")" \
        "$(cat "$SCRATCH/reference")"
}

# in_gdb SECONDS INSTANCE COMMAND… - a session of `orrery gdb`; its output is in $OUT.
in_gdb() {
    gdb_limit=$1
    gdb_instance=$2
    shift 2
    for command; do
        shift
        set -- "$@" -ex "$command"
    done
    run_timeout "$gdb_limit" "$ORRERY" gdb --run "$RUN" "$gdb_instance" -- -batch -nx "$@"
}

state_of() { ps_run ".instances[] | select(.name == \"$1\") | .state"; }
time_of() { ps_run ".instances[] | select(.name == \"$1\") | .time_ns"; }
is_state() { [ "$(state_of "$1")" = "$2" ]; }
pong_waits_for_ping() { [ "$(ps_run '.instances[1] | "\(.state) \(.waits_for)"')" = "waiting ping" ]; }
clock_of() { timeout 60 "$ORRERY" qmp --run "$RUN" "$1" x-orrery-time | jq .time; }

# One QMP session over two FIFOs: descriptors 8 to write, 9 to read.
qmp_open() {
    mkfifo "$SCRATCH/to" "$SCRATCH/from"
    socat - "UNIX-CONNECT:$RUN_DIR/$1.qmp" <"$SCRATCH/to" >"$SCRATCH/from" 2>/dev/null &
    exec 8>"$SCRATCH/to" 9<"$SCRATCH/from"
    rm "$SCRATCH/to" "$SCRATCH/from"
    read -r greeting <&9
    qmp_ask '{"execute":"qmp_capabilities"}'
    diag "$(echo "$greeting" | cut -c 1-60)"
}

qmp_ask() {
    echo "$1" >&8
    while read -r answer <&9; do
        case $answer in *'"return"'* | *'"error"'*) return ;; esac
    done
}

qmp_close() { exec 8>&- 9<&-; }

# Milliseconds that each of some commands took, sorted, in $SCRATCH/ms; and what the host takes
# for nothing at all, when it is loaded, in $SCRATCH/idle.
answer_times() {
    round=0
    rm -f "$SCRATCH/ms" "$SCRATCH/idle"
    while [ $round -lt "$(full 20 200)" ]; do
        round=$((round + 1))
        for question in '{"execute":"query-status"}' '{"execute":"x-orrery-time"}' \
            '{"execute":"human-monitor-command","arguments":{"command-line":"info registers"}}' \
            '{"execute":"human-monitor-command","arguments":{"command-line":"xp /16x 0x20000000"}}'; do
            before=$(date +%s%N)
            qmp_ask "$question"
            after=$(date +%s%N)
            echo $(((after - before) / 1000000)) >>"$SCRATCH/ms"
            echo $((($(date +%s%N) - after) / 1000000)) >>"$SCRATCH/idle"
        done
    done
    sort -n -o "$SCRATCH/ms" "$SCRATCH/ms"
}

quick_answers() {
    answers=$(wc -l <"$SCRATCH/ms")
    at_most "$1: $answers answers: median" "$(sed -n "$((answers / 2))p" "$SCRATCH/ms")" "$(loaded $MEDIAN_MS)" ms
    idle=$(sort -n "$SCRATCH/idle" | tail -n 1)
    at_most "$1: $answers answers: worst" "$(tail -n 1 "$SCRATCH/ms")" "$(loaded $((WORST_MS + 2 * idle)))" ms
}

# ping is stopped by its monitor: pong waits for it at its horizon.
at_the_horizon() {
    begin "at the horizon" "$PAIR"
    timeout 60 "$ORRERY" until 50ms --run "$RUN" >"$OUT"
    timeout 60 "$ORRERY" qmp --run "$RUN" ping stop >"$OUT"
    resume
    check "$as: ps shows who is stopped" wait_for 20 is_state ping stopped
    check "$as: the other one waits for it" wait_for 20 pong_waits_for_ping
    stood="$(clock_of ping) $(clock_of pong)"
    qmp_open pong
    answer_times
    quick_answers "$as"
    qmp_close
    echo 'info registers' | timeout 60 "$ORRERY" monitor --run "$RUN" pong >"$OUT"
    check "$as: HMP answers" grep -q R15= "$OUT"
    is "$as: all that time nobody moved" "$(clock_of ping) $(clock_of pong)" "$stood"
    timeout 60 "$ORRERY" qmp --run "$RUN" ping cont >"$OUT"
    ends_well
}

# Everybody stands at the broker's ceiling.
at_the_ceiling() {
    begin "at the ceiling" "$PAIR"
    timeout 60 "$ORRERY" until 50ms --run "$RUN" >"$OUT"
    qmp_open ping
    answer_times
    quick_answers "$as"
    qmp_close
    resume
    ends_well
}

# A run is taken down while a monitor holds one of its members: in order, with a whole trace.
down_while_stopped() {
    begin "down while one is stopped" "$PAIR"
    timeout 60 "$ORRERY" until 50ms --run "$RUN" >"$OUT"
    timeout 60 "$ORRERY" qmp --run "$RUN" ping stop >"$OUT"
    timeout 60 "$ORRERY" down --run "$RUN" >"$OUT" 2>&1
    finish 60 "$PID"
    is "$as: exit code" "$RC" 3
    is "$as: in order" "$(cat "$SCRATCH/monitors.err")" "orrery: interrupted at 0.050000000"
    check "$as: a whole trace" grep -q '^trace-hash: ' "$SCRATCH/monitors.out"
}

# The run goes on once gdb is there.
resume_in_gdb() { echo "shell timeout 60 $ORRERY resume --run $RUN"; }

# wait_in_gdb INSTANCE - a command that waits until it stands at its horizon
wait_in_gdb() {
    echo "for i in \$(seq 200); do timeout 60 $ORRERY ps --json --run $RUN |" \
        "jq -e '.[] | select(.run == \"$RUN\") | .instances[] | select(.name == \"$1\" and .state == \"waiting\")' >/dev/null && break; done"
}

# look N - a command that writes down where everybody stands: ps, and each one's own clock.
look() {
    echo "timeout 60 $ORRERY ps --json --run $RUN >$SCRATCH/ps$1;" \
        "for i in ping pong; do timeout 60 $ORRERY qmp --run $RUN \$i x-orrery-time >$SCRATCH/\$i.$1; done"
}

# stopped_in_gdb INSTANCE OTHER - breakpoint, 100 steps, continue; the other one stands meanwhile.
stopped_in_gdb() {
    begin "gdb on $1" "$PAIR"
    in_gdb 60 "$1" 'break frame_encode' "$(resume_in_gdb)" continue "shell $(look 1)" 'stepi 50' "info registers pc" \
        'stepi 50' "shell $(wait_in_gdb "$2"); $(look 2)" backtrace delete detach
    gdb_left "$as" "$ERR"
    check "$as: stops at a breakpoint" grep -q '^Breakpoint 1, .*frame_encode' "$OUT"
    check "$as: and knows where it is" grep -q '^#[0-9].* main ' "$OUT"
    is "$as: it is stopped, the other one waits" "$(jq -r --arg run "$RUN" \
        '.[] | select(.run == $run) | .instances[] | "\(.name) \(.state)"' "$SCRATCH/ps2" | sort | paste -s -d ' ')" \
        "$(printf '%s\n' "$1 stopped" "$2 waiting" | sort | paste -s -d ' ')"
    at_most "$as: which stands a frame away at most" \
        $(($(jq .time "$SCRATCH/$2.2") - $(jq .time "$SCRATCH/$1.2"))) $((86806 + 16)) ns
    stepped=$(($(jq .time "$SCRATCH/$1.2") - $(jq .time "$SCRATCH/$1.1")))
    at_most "$as: 100 steps took no more than their time" "$stepped" 5000 ns
    check "$as: but some" test "$stepped" -ge 1600
    ends_well
}

# A breakpoint again and again; a session within a session.
again_and_again() {
    begin "gdb, a dozen breakpoints" "$PAIR"
    in_gdb 60 pong 'break frame_encode' "$(resume_in_gdb)" 'continue 5' 'stepi 10' 'continue 5' next continue delete detach
    gdb_left "$as" "$ERR"
    ends_well
    begin "gdb on both" "$PAIR"
    in_gdb 60 ping 'break frame_encode' "$(resume_in_gdb)" continue 'stepi 20' \
        "shell timeout 60 $ORRERY gdb --run $RUN pong -- -batch -nx -ex 'info registers pc' -ex 'detach' >$SCRATCH/inner 2>&1" \
        'stepi 20' delete detach
    check "$as: both answered" grep -q '^pc ' "$SCRATCH/inner"
    ends_well
}

gdb_waits() {
    sed 's/\(pong: {.*\) }/\1, gdb: wait }/' "$PAIR" >"$SCRATCH/wait.yaml"
    begin "gdb: wait" "$SCRATCH/wait.yaml"
    resume
    check "$as: stands" wait_for 20 is_state pong stopped
    is "$as: at the first instruction" "$(time_of pong)" 0
    check "$as: and the other one waits for it" wait_for 20 is_state ping waiting
    in_gdb 60 pong 'info registers pc' 'stepi 3' 'break main' continue delete detach
    gdb_left "$as" "$ERR"
    check "$as: main is reached" grep -q '^Breakpoint 1, .*main ' "$OUT"
    ends_well
}

# gdb that is killed with its instance stopped does not hold the run up for ever.
gdb_dies() {
    begin "gdb is killed" "$PAIR"
    start gdb "$ORRERY" gdb --run "$RUN" ping -- -batch -nx -ex 'break frame_encode' -ex "$(resume_in_gdb)" -ex continue \
        -ex 'shell echo stopped; sleep 600'
    gdb_pid=$PID
    PID=${RUN##*-}
    check "$as: stopped" wait_for 20 grep -q '^stopped' "$SCRATCH/gdb.out"
    kill -KILL "-$gdb_pid"
    wait_for 5 gone "$gdb_pid"
    timeout 60 "$ORRERY" qmp --run "$RUN" ping cont >"$OUT" 2>&1
    in_gdb 60 ping delete detach
    ends_well
}

run_timeout 60 "$ORRERY" run "$PAIR" --trace-hash
cp "$OUT" "$SCRATCH/reference"
at_the_horizon
at_the_ceiling
down_while_stopped
if command -v gdb-multiarch >/dev/null; then
    stopped_in_gdb ping pong
    stopped_in_gdb pong ping
    again_and_again
    gdb_waits
    gdb_dies
else
    skip "gdb" "gdb-multiarch is not here"
fi
done_testing

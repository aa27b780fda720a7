#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pause, step, until and resume from another process: every member stands at the same virtual
# nanosecond, and the run ends as if nobody had asked.
# timeout: 240
. "$(dirname "$0")/lib.sh"

ask() {
    ask_code=0
    timeout 60 "$ORRERY" "$@" --run "$RUN" 2>"$ERR" || ask_code=$?
    sed 's/^/# /' "$ERR" >&2
    return $ask_code
}
ns_of() { awk -v text="$1" 'BEGIN { sub(/\./, "", text); sub(/^0+/, "", text); print text == "" ? 0 : text }'; }

# The times at which the members stand, as ps shows them: one number if it is the same everywhere.
stand() { ps_run '"\(.state) \([.ceiling_ns, .instances[].time_ns] | unique | map(tostring) | join(" "))"'; }

# stands NAME WHEN - WHEN as a command printed it.
stands() { is "$1: everybody stands there" "$(stand)" "paused $(ns_of "$2")"; }

# moved FROM TO NS - in printed times
moved() { [ $(($(ns_of "$2") - $(ns_of "$1"))) -eq "$3" ]; }

# The clocks that the guests read are there as well: no further, and at most an instruction short of
# it (or at the event for which a sleeper sleeps).
clocks_stand() {
    at=$(ns_of "$2")
    for instance in $(ps_run '.instances[].name'); do
        clock=$(timeout 60 "$ORRERY" qmp --run "$RUN" "$instance" x-orrery-time | jq .time)
        [ "$clock" -le $((at + 16)) ] || not_ok "$1: $instance's own clock" "$clock, beyond $at"
    done
}

# The second time, or a second command, in a state where it changes nothing.
nothing_to_do() {
    first=$(ask pause)
    is "$as: pause twice: the same time" "$(ask pause)" "$first"
    code=0
    ask until 1us >/dev/null || code=$?
    check "$as: until a time that is past: an error" test $code -ge 2
    check "$as: and one line that says so" grep -q '^orrery: .*already past' "$ERR"
    is "$as: and nobody moved" "$(stand)" "paused $(ns_of "$first")"
    for wrong in 0s -1ms soon; do
        code=0
        ask step $wrong >/dev/null || code=$?
        check "$as: step $wrong: an error" test $code -ge 2
    done
    is "$as: and nobody moved" "$(stand)" "paused $(ns_of "$first")"
}

# pace SECONDS - at which a run of so many virtual seconds lasts $LASTS_S, longer on a busy host: who
# stops it must come before its end.
LASTS_S=2
pace() { awk -v run="$1" -v host="$(loaded "$LASTS_S")" 'BEGIN { print run / (host < 12 ? host : 12) }'; }

# begin NAME SECONDS MANIFEST [OPTION…] - starts it, which ends at about that time, undisturbed first,
# for the reference.
begin() {
    as=$1
    lasts=$2
    manifest=$3
    shift 3
    run_timeout 60 "$ORRERY" run "$manifest" --trace-hash "$@"
    cp "$OUT" "$SCRATCH/reference"
    start_paused stops "$manifest" --trace-hash --pace "$(pace "$lasts")" "$@" || not_ok "$as: starts"
    resume
}

# Twice is once; but not where the run may be over by then.
resume_twice() {
    ask resume
    is "$as: resume: exit code" $? 0
    ask resume
    is "$as: resume again: exit code" $? 0
    goes_on
}

goes_on() {
    ask resume
    finish 60 "$PID"
    is "$as: exit code" "$RC" 0
    is "$as: the output and hash of an undisturbed run" "$(cat "$SCRATCH/stops.out")" \
        "$(cat "$SCRATCH/reference")"
}

each_command() {
    begin "$@"
    paused=$(ask pause)
    stands "$as: pause" "$paused"
    clocks_stand "$as: pause" "$paused"
    stepped=$(ask step 10us)
    check "$as: step 10us: from $paused to $stepped" moved "$paused" "$stepped" 10000
    stands "$as: step 10us" "$stepped"
    for step in 1ns 15ns 86806ns 1ms; do
        before=$stepped
        stepped=$(ask step $step)
        stands "$as: step $step" "$stepped"
        clocks_stand "$as: step $step" "$stepped"
    done
    check "$as: the last step was 1 ms" moved "$before" "$stepped" 1000000
    nothing_to_do
    is "$as: until $UNTIL" "$(ask until "$UNTIL")" "$UNTIL_PRINTED"
    stands "$as: until $UNTIL" "$UNTIL_PRINTED"
    goes_on
}

# Stops are rounded up to the end of a window, and so are all the same.
in_turns() {
    begin "$@" --turns
    paused=$(ask pause)
    stands "$as: pause" "$paused"
    stepped=$(ask step 10us)
    stands "$as: step 10us" "$stepped"
    window=$(($(ns_of "$stepped") - $(ns_of "$paused")))
    is "$as: a step of at least one window, and no more" $window 86806
    is "$as: stops at the end of a window" $(($(ns_of "$stepped") % window)) 0
    until=$(ask until "$UNTIL")
    stands "$as: until $UNTIL" "$until"
    check "$as: until $UNTIL: rounded up to $until" \
        test $(($(ns_of "$until") - $(ns_of "$UNTIL_PRINTED"))) -lt $window
    goes_on
}

# From a run that goes on at the wall clock's pace.
while_it_runs() {
    begin "$@"
    stepped=$(ask step 1ms)
    stands "$as: step of a run that runs" "$stepped"
    ask resume
    is "$as: until a time ahead" "$(ask until "$UNTIL")" "$UNTIL_PRINTED"
    stands "$as: until a time ahead" "$UNTIL_PRINTED"
    resume_twice
}

many_times() {
    rounds=$(full 15 150)
    LASTS_S=$(full 2 12)
    begin "$@"
    round=0
    stood=0
    while [ $round -lt "$rounds" ]; do
        round=$((round + 1))
        case $((round % 3)) in
            0) at=$(ask pause) ;;
            1) at=$(ask step $((round * 977))ns) ;;
            2) at=$(ask step 3ms) ;;
        esac
        [ "$(stand)" = "paused $(ns_of "$at")" ] && stood=$((stood + 1))
        [ $((round % 2)) -eq 0 ] || ask resume
    done
    is "$as: stopped $rounds times: everybody at the same time" $stood "$rounds"
    goes_on
}

# Two who stop the same run at the same time.
two_at_once() {
    begin "$@"
    (ask pause >"$SCRATCH/one") &
    one=$!
    ask pause >"$SCRATCH/two"
    wait $one
    is "$as: two pauses at once: both answered with the same time" "$(cat "$SCRATCH/one")" "$(cat "$SCRATCH/two")"
    stands "$as: two pauses at once" "$(cat "$SCRATCH/two")"
    goes_on
}

pause_seen() {
    ask resume
    ask pause >"$SCRATCH/at"
    grep -q '"kind":"stopped"' "$SCRATCH/events.out"
}

events() {
    begin "$@"
    start events "$ORRERY" events --run "$RUN"
    events_pid=$PID
    PID=${RUN##*-}
    check "$as: a stop is an event" wait_for 10 pause_seen
    check "$as: with its time" wait_for 5 grep -q "\"at_ns\":$(ns_of "$(cat "$SCRATCH/at")")," "$SCRATCH/events.out"
    goes_on
    finish 5 "$events_pid"
    is "$as: events end with the run" "$RC" 0
    check "$as: and the last one is its end" sh -c "tail -n 1 '$SCRATCH/events.out' | grep -q ended"
}

no_run() {
    run_timeout 60 "$ORRERY" pause --run nothing
    is "pause of a run that is not there: exit code" "$RC" 2
    is "pause of a run that is not there: one line" "$(wc -l <"$ERR")" 1
}

UNTIL=1.5s
UNTIL_PRINTED=1.500000000
spin=$(pair spin spin_send spin_send)
each_command "two that never sleep" 2 "$spin"
in_turns "two that never sleep, in turns" 2 "$spin"
UNTIL=75s
UNTIL_PRINTED=75.000000000
each_command "two that tick" 100 "$(pair tick tick tick)" --for 200s
UNTIL=300ms
UNTIL_PRINTED=0.300000000
while_it_runs uart-pair 0.4 "$EXAMPLES/uart-pair.yaml"
UNTIL=500ms
UNTIL_PRINTED=0.500000000
each_command trio 0.6 "$EXAMPLES/trio.yaml"
two_at_once "spin, by two" 0.4 "$spin" --for 400ms
events "spin, events" 0.4 "$spin" --for 400ms
many_times "spin, again and again" 0.4 "$spin" --for 400ms
many_times "trio, again and again" 0.6 "$EXAMPLES/trio.yaml"
no_run
done_testing

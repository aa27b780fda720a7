#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Many ensembles at once: none gets into another's way, and what each takes of the memory; and ^C at any
# moment leaves nothing behind.
# timeout: 900
. "$(dirname "$0")/lib.sh"

GOAL_KIB=$((60 * 1024)) # of two instances, beside what all share

cd "$SCRATCH" || exit 3

# memory_of LAUNCHER - PSS and private KiB of a run's processes
memory_of() {
    for process in "$1" $(cat "/proc/$1/task/$1/children"); do
        cat "/proc/$process/smaps_rollup"
    done | awk '/^Pss:/ { pss += $2 } /^Private_/ { private += $2 } END { print pss, private }'
}

standing() { [ "$("$ORRERY" ps --json | jq --arg scratch "$SCRATCH" \
    '[.[] | select(.state == "paused" and (.path | startswith($scratch)))] | length')" -eq "$1" ]; }

# at_once N - so many pairs stand at 0 together, then all run
at_once() {
    pids=
    for number in $(seq "$1"); do
        setsid "$ORRERY" run "$EXAMPLES/uart-pair.yaml" --trace-hash --paused >"$number.out" 2>"$number.err" </dev/null &
        pids="$pids $!"
    done
    check "$1 at once: all stand at 0" wait_for 120 standing "$1"
    for pid in $pids; do
        memory_of "$pid"
    done >memory
    diag "memory of each of $1, MiB: $(awk '{ pss += $1; private += $2; if ($2 > most) most = $2 }
        END { printf "PSS %.1f, private %.1f, the most %.1f", pss / NR / 1024, private / NR / 1024, most / 1024 }' memory)"
    at_most "$1 at once: private memory of each" "$(awk '$2 > most { most = $2 } END { print most }' memory)" $GOAL_KIB KiB
    is "$1 at once: each has a directory of its own" "$(left_runs | wc -l)" "$1"
    left_runs | while read -r run; do
        timeout 60 "$ORRERY" resume --run "${run##*/}"
    done
    failed=0
    number=0
    for pid in $pids; do
        number=$((number + 1))
        wait "$pid" || failed=$((failed + 1))
        cmp -s "$number.out" reference || failed=$((failed + 1))
    done
    is "$1 at once: each ended as one that is alone" $failed 0
    nothing_left "$1 at once"
}

random() { awk -v seed="$1" -v below="$2" 'BEGIN { srand(seed); rand(); print int(rand() * below) }'; }

# ^C to all of `orrery test`, as from a terminal, at any moment of its first seconds.
interrupts() {
    bad=0
    seed=$(date +%s)
    diag "interrupts: seed $seed"
    for number in $(seq "$1"); do
        start interrupted "$ORRERY" test "$TOP/tests/soak" -j 4 --results results
        delay=$(random $((seed + number * 7)) 2500)
        sleep "$(printf '%d.%03d' $((delay / 1000)) $((delay % 1000)))"
        kill -INT "-$PID"
        finish 30 "$PID"
        if [ "$RC" -ne 3 ] && [ "$RC" -ne 130 ] || ! wait_for 10 none_left || [ -n "$(left_runs)$(left_shm)" ]; then
            bad=$((bad + 1))
            diag "^C after $delay ms: exit code $RC, left: $(left_processes | tr '\n' ' ')$(left_runs)"
            diag_file interrupted.err
        fi
    done
    is "$1 times ^C: each left nothing" $bad 0
}

run_timeout 60 "$ORRERY" run "$EXAMPLES/uart-pair.yaml" --trace-hash
cp "$OUT" reference
# shellcheck disable=SC2046 # words
for count in $(full '8 32' '8 32 100'); do
    at_once "$count"
done
interrupts "$(full 10 100)"
done_testing

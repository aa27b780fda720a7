#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each example gives the same trace hash and the same output, however the host treats it: window
# jitter, both cores loaded, one core only, without io_uring, one member at a time.
# timeout: 420
. "$(dirname "$0")/lib.sh"

RUNS=$(full 20 200)

# One run of $manifest under a condition.
condition() {
    case $1 in
        plain) run_timeout 120 "$ORRERY" run "$manifest" --trace-hash ;;
        jitter) run_timeout 120 "$ORRERY" run "$manifest" --trace-hash --jitter "$((run * 7919 + 1))" ;;
        loaded) run_timeout 120 "$ORRERY" run "$manifest" --trace-hash ;;
        one-core) run_timeout 120 taskset -c 0 "$ORRERY" run "$manifest" --trace-hash ;;
        poll) ORRERY_NO_URING=1 run_timeout 120 "$ORRERY" run "$manifest" --trace-hash ;;
        turns) run_timeout 120 "$ORRERY" run "$manifest" --trace-hash --turns ;;
        turns-jitter) run_timeout 120 "$ORRERY" run "$manifest" --trace-hash --turns --jitter "$((run * 104729))" ;;
    esac
}

# Everything that a run shows: its output, and how it ended.
one_run() {
    condition "$1"
    hash=$(hash_in "$OUT")
    if [ "$RC" -eq 0 ] && [ -n "$hash" ] && cmp -s "$OUT" "$reference"; then
        return 0
    fi
    if [ "$RC" -ne 0 ]; then
        diag "$1, run $run: exit code $RC: $(tail -n 1 "$ERR")"
    elif [ "$hash" != "$(hash_in "$reference")" ]; then
        diag "$1, run $run: hash $hash, wanted $(hash_in "$reference")"
    else
        diag "$1, run $run: the same hash, but the output differs:"
        diff "$reference" "$OUT" | head -n 6 | sed 's/^/#   /'
    fi
    return 1
}

many_runs() {
    different=0
    run=0
    [ "$1" != loaded ] || hogs "$(nproc)"
    from=$(seconds)
    while [ $run -lt "$RUNS" ]; do
        run=$((run + 1))
        one_run "$1" || different=$((different + 1))
        [ $different -lt 5 ] || break
    done
    [ "$1" != loaded ] || no_hogs
    is "$example, $1: $run runs, all the same" "$different" 0
    diag "$(echo "$(seconds) $from" | awk '{ print $1 - $2 }') s"
}

for example in uart-pair trio; do
    manifest=$EXAMPLES/$example.yaml
    reference=$SCRATCH/$example.reference
    run_timeout 60 "$ORRERY" run "$manifest" --trace-hash
    cp "$OUT" "$reference"
    is "$example: the reference: exit code" "$RC" 0
    diag "$example: $(hash_in "$reference")"
    for condition in plain jitter loaded one-core poll turns turns-jitter; do
        many_runs $condition
    done
done

# Hashes that cannot differ would prove nothing.
run_timeout 60 "$ORRERY" run "$EXAMPLES/uart-pair.yaml" --trace-hash --for 300ms
first=$(hash_in "$OUT")
run_timeout 60 "$ORRERY" run "$EXAMPLES/uart-pair.yaml" --trace-hash --for 310ms
check "a longer run has another hash" test "$first" != "$(hash_in "$OUT")"
done_testing

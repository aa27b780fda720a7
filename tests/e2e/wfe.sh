#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# WFE, SEV and the event register: the firmware's own checks, and that a core in WFE sleeps.
# timeout: 60
. "$(dirname "$0")/lib.sh"

run_timeout 30 "$ORRERY" run "$(pair wfe wfe wfe)" --trace-hash --log "$SCRATCH/logs"
is "exit code" "$RC" 0
for instance in a b; do
    grep "^PASS\|^FAIL" "$SCRATCH/logs/$instance.serial1.log" | tr -d '\r' >"$SCRATCH/checks"
    while read -r verdict text; do
        is "$instance: $text" "$verdict" PASS
    done <"$SCRATCH/checks"
    check "$instance: all of them" grep -q '^wfe: PASS, 0 failures' "$SCRATCH/logs/$instance.serial1.log"
done
first=$(hash_in "$OUT")
for options in '--jitter 3' --turns; do
    # shellcheck disable=SC2086 # words
    run_timeout 30 "$ORRERY" run "$SCRATCH/wfe.yaml" --trace-hash $options
    is "$options: the same hash" "$(hash_in "$OUT")" "$first"
done
done_testing

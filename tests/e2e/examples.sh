#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The examples' own tests (examples/*.test.yaml), by `orrery test`: each twice, the second time with jitter, and with
# the same output and trace.
# timeout: 400
. "$(dirname "$0")/lib.sh"

cd "$SCRATCH" || exit 3
run_timeout 400 "$ORRERY" test "$EXAMPLES" --twice --results results
while read -r line; do
    case $line in
        'ok '*) ok "${line#* - }" ;;
        'not ok '*) not_ok "${line#* - }" ;;
        '# '*) diag "${line#\# }" ;;
    esac
done <"$OUT"
cases=$("$ORRERY" test "$EXAMPLES" --list | wc -l)
is "exit code" "$RC" 0
contains "a plan" "$OUT" "1..$cases"
contains "all passed" "$OUT" "# $cases passed, 0 failed"
is "junit.xml: no failure" "$(grep -c '<testcase .*/>' results/junit.xml)" "$cases"
is "results.json: all passed" "$(jq -r '[.[] | select(.outcome == "passed")] | length' results/results.json)" "$cases"
done_testing

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# 200 tests on the wallet, on the pair of Bluetooth devices and on single MCUs pass on a machine that is
# loaded at four times what it has; --full: all of them, twenty times.
# timeout: 900
. "$(dirname "$0")/lib.sh"

cd "$SCRATCH" || exit 3

is "tests/soak has 200 tests" "$("$ORRERY" test "$TOP/tests/soak" --list | wc -l)" 200

# what a file's tests took: "least, median, most"
wall_times() {
    jq -r --arg file "$1" '[.[] | select(.path | endswith($file)) | .wall_s] | sort |
        "\(.[0]) to \(.[-1]) s, median \(.[length / 2 | floor]) s"' results/results.json
}

hogs $((4 * $(nproc)))
# shellcheck disable=SC2046 # words
run_timeout "$(full 600 3600)" "$ORRERY" test "$TOP/tests/soak" -j 2 --timeout 6000s --results results \
    $(full '--shard 5/18' '--repeat 20')
no_hogs
is "exit code" "$RC" 0
count=$(full 11 4000)
contains "all passed" "$OUT" "# $count passed, 0 failed;"
grep -A 14 '^not ok' "$OUT" | diag_file /dev/stdin 60
for file in "$TOP"/tests/soak/*.test.yaml; do
    diag "wall time, ${file##*/}: $(wall_times "${file##*/}")"
done
done_testing

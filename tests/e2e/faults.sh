#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Faults of a serial link: frames that are lost and bits that turn over, from a seed; the same in every
# run, counted, and another seed's are others.
. "$(dirname "$0")/lib.sh"

# faulty NAME OPTIONS - a stream of 10,000 bytes over a link with these
faulty() {
    cat >"$SCRATCH/$1.yaml" <<END
orrery: 1
clock: { seed: 1 }
instances:
  a: { machine: lm3s6965evb, firmware: stream_tx.elf, icount: 4, semihosting: true }
  b: { machine: lm3s6965evb, firmware: stream_rx.elf, icount: 4, semihosting: true }
links:
  - { uart: [a.serial0, b.serial0], baud: 115200, $2 }
attach:
  - { port: b.serial1, to: stdout }
END
}

trace() {
    # shellcheck disable=SC2086 # words
    run_timeout 60 "$ORRERY" run "$SCRATCH/$1.yaml" --for 2s --trace-hash $2
    hash_in "$OUT"
}

for fault in 'drop: 0.01' 'corrupt: 0.01' 'drop: 0.005, corrupt: 0.02'; do
    faulty fault "$fault"
    first=$(trace fault '')
    for how in '--jitter 3' '--jitter 4' --turns; do
        is "$fault, $how: the same" "$(trace fault "$how")" "$first"
    done
    check "$fault: another seed, other faults" test "$(trace fault '--seed 2')" != "$first"
done

# Counted where anybody can see it: about one in four of those sent.
faulty many 'drop: 0.25, corrupt: 0.25'
start_run many "$SCRATCH/many.yaml" --pace 0.5 --for 20s
timeout 10 "$ORRERY" until --run "$RUN" 800ms >"$OUT"
lane=$(ps_run '.lanes[] | select(.lane == "a.serial0>b.serial0")')
sent=$(echo "$lane" | jq .sent)
dropped=$(echo "$lane" | jq .dropped)
corrupted=$(echo "$lane" | jq .corrupted)
diag "$sent sent, $dropped dropped, $corrupted corrupted"
check "enough was sent" test "$sent" -gt 5000
at_most "a quarter is dropped" "$dropped" $(((sent + dropped) * 27 / 100))
at_most "and not less" $(((sent + dropped) * 23 / 100)) "$dropped"
at_most "a quarter of the rest is corrupted" "$corrupted" $((sent * 27 / 100))
at_most "and not less, either" $((sent * 23 / 100)) "$corrupted"
timeout 10 "$ORRERY" down "$RUN"
finish 20 "$PID"

faulty none 'drop: 1'
run_timeout 60 "$ORRERY" run "$SCRATCH/none.yaml" --for 2s
is "a cut wire: nothing is heard" "$(wc -l <"$OUT")" 0
faulty bad 'drop: 1.5'
run_timeout 60 "$ORRERY" run "$SCRATCH/bad.yaml"
is "more than certain: exit code" "$RC" 2
contains "more than certain: told" "$ERR" "bad.yaml:7:57: drop"
done_testing

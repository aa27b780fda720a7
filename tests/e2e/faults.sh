#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Faults of a serial link: frames that are lost and bits that turn over, from a seed; the same in every
# run, counted, and another seed's are others.
. "$(dirname "$0")/lib.sh"

# linked NAME FIRMWARE_A FIRMWARE_B CONSOLE OPTIONS - two over a link with these
linked() {
    cat >"$SCRATCH/$1.yaml" <<END
orrery: 1
clock: { seed: 1 }
instances:
  a: { machine: lm3s6965evb, firmware: $2.elf, icount: 4, semihosting: true }
  b: { machine: lm3s6965evb, firmware: $3.elf, icount: 4, semihosting: true }
links:
  - { uart: [a.serial0, b.serial0], baud: 115200, $5 }
attach:
  - { port: $4.serial1, to: stdout }
END
}

# faulty NAME OPTIONS - a stream of 10,000 bytes over a link with these
faulty() { linked "$1" stream_tx stream_rx b "$2"; }

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
at_most "a quarter is dropped" "$dropped" $((sent * 27 / 100))
at_most "and not less" $((sent * 23 / 100)) "$dropped"
at_most "a quarter of the rest is corrupted" "$corrupted" $(((sent - dropped) * 27 / 100))
at_most "and not less, either" $(((sent - dropped) * 23 / 100)) "$corrupted"
timeout 10 "$ORRERY" down "$RUN"
finish 20 "$PID"

faulty none 'drop: 1'
run_timeout 60 "$ORRERY" run "$SCRATCH/none.yaml" --for 2s
is "a cut wire: nothing is heard" "$(wc -l <"$OUT")" 0
faulty bad 'drop: 1.5'
run_timeout 60 "$ORRERY" run "$SCRATCH/bad.yaml"
is "more than certain: exit code" "$RC" 2
contains "more than certain: told" "$ERR" "bad.yaml:7:57: drop"

# ---- for a time, and by a test ----

# a.serial0 sends a frame of 86806 ns after the other; each is hit, or not, when it ends.
faulty window 'faults: [ { drop: 1, from: 10ms, until: 20ms, of: a.serial0 },
    { delay: 300us, from: 30ms, until: 40ms }, { corrupt: 1, count: 3, from: 50ms } ]'
cat >"$SCRATCH/window.test.yaml" <<END
orrery: 1
uses: window.yaml
port: b.serial1
steps:
  - { at: 9.9ms }
  - { counter: dropped, port: a.serial0, is: 0 }
  - { at: 20ms }
  - { counter: dropped, port: a.serial0, is: 115 }
  - { fault: { link: b.serial0, drop: 1, count: 2 } }
  - { at: 30ms }
  - { counter: dropped, port: a.serial0, is: 117 }
  - { counter: delayed, port: a.serial0, is: 0 }
  - { at: 50ms }
  - { counter: delayed, port: a.serial0, is: 115 }
  - { counter: corrupted, port: a.serial0, is: 0 }
  - { at: 60ms }
  - { counter: corrupted, port: a.serial0, is: 3 }
  - { fault: { link: b.serial0, disconnect: true, for: 10ms } }
  - { wait: 15ms }
  - { counter: dropped, port: a.serial0, is: 232 }
  - { fault: { link: a.serial0, delay: 1ms, rate: 0.1, of: a.serial0 } }
  - { wait: 10ms }
  - { fault: { link: a.serial0, delay: 0s } }
  - { wait: 10ms }
END
trace window.test '' >"$SCRATCH/first"
is "faults for a time: exit code" "$RC" 0
diag "$(cat "$ERR")"
contains "and they are told" "$OUT" '[  0.050000000] b.serial0 | corrupts what comes in, 3 at most'
for how in '--jitter 3' '--jitter 4'; do
    is "faults for a time, $how: the same" "$(trace window.test "$how")" "$(cat "$SCRATCH/first")"
done
in_turns=$(trace window.test --turns)
is "faults for a time, in turns: the same" "$(trace window.test '--turns --jitter 3')" "$in_turns"

# Ten thousand questions and answers, each held back by 300 us: so much longer it takes, and no
# lookahead is lost with it.
bounces() {
    linked bounces pingpong_a pingpong_b a "$1"
    run_timeout 60 "$ORRERY" run "$SCRATCH/bounces.yaml"
    sed -n 's/.*bounces in \([0-9]*\) us, .* 0 errors$/\1/p' "$OUT"
}
plain=$(bounces 'drop: 0')
late=$(bounces 'faults: [ { delay: 300us } ]')
diag "10,000 round trips: $plain us, $late us with the delay"
at_most "each comes 300 us later, not more" $((late - plain)) 6001000
at_most "and not less" 5999000 $((late - plain))

done_testing

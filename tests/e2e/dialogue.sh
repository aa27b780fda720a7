#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The examples end well with the right dialogue; the options of `orrery run` that shape a run.
# timeout: 120
. "$(dirname "$0")/lib.sh"

# The lines of one port in the merged output, without stamp and name.
lines_of() { sed -n "s/^\[ *[0-9.]*\] $1 *| //p" "$OUT"; }

# Lines are stamped with the time of their last byte.
in_order() { sed -n 's/^\[ *\([0-9]*\)\.\([0-9]*\)\] .*/\1\2/p' "$1" | sort -n -c; }
last_is_hash() { tail -n 1 "$1" | grep -qx 'trace-hash: [0-9a-f]\{64\}'; }
none_after() { awk -v limit="$1" '/^\[/ && $2 + 0 > limit { exit 1 }' "$2"; }

example_pair() {
    run_timeout 30 "$ORRERY" run "$EXAMPLES/uart-pair.yaml" --trace-hash
    is "uart-pair: exit code" "$RC" 0
    is "uart-pair: nothing on stderr" "$(cat "$ERR")" ""
    contains "uart-pair: ping's last line" "$OUT" "ping.serial1 | ping: 20 replies, 0 errors"
    contains "uart-pair: pong's last line" "$OUT" "pong.serial1 | pong: 20 requests, 0 errors"
    is "uart-pair: every round trip was right" "$(lines_of ping.serial1 | grep -c 'round trip.*: ok$')" 20
    is "uart-pair: every request was answered" \
        "$(lines_of pong.serial1 | sed -n 's/^pong *\([0-9]*\): request of .*/\1/p' | paste -s -d ' ')" \
        "$(seq -s ' ' 20)"
    check "uart-pair: the hash is one SHA-256, on the last line" last_is_hash "$OUT"
    check "uart-pair: the merged output is in the order of virtual time" in_order "$OUT"
    cp "$OUT" "$SCRATCH/pair.out"
}

example_stm32wb55() {
    run_timeout 30 "$ORRERY" run "$EXAMPLES/stm32wb55.yaml"
    is "stm32wb55: exit code" "$RC" 0
    is "stm32wb55: LD2 blinks five times" "$(lines_of mcu.serial0 | grep -c '^LD2 o')" 10
    contains "stm32wb55: its last line" "$OUT" "mcu.serial0 | stm32wb55: done"
}

example_trio() {
    run_timeout 30 "$ORRERY" run "$EXAMPLES/trio.yaml"
    is "trio: exit code" "$RC" 0
    for node in 0 1 2; do
        is "trio: node $node ends without an error" \
            "$(lines_of "node$node.serial[02]" | grep -c "^trio$node: .* tokens, 0 errors")" 1
    done
    is "trio: 50 laps each way" "$(lines_of node0.serial2 | grep -c 'clockwise lap [0-9]*, ')" 100
    contains_not "trio: no hash unless asked for" "$OUT" trace-hash
    check "trio: the merged output is in the order of virtual time" in_order "$OUT"
}

from_elsewhere() {
    cp "$EXAMPLES/uart-pair.yaml" "$SCRATCH/copy.yaml"
    cd "$SCRATCH" || exit 3
    run_timeout 30 "$ORRERY" run copy.yaml --trace-hash
    is "a copy of the manifest gives the same run" "$(cat "$OUT")" "$(cat pair.out)"
    cd / || exit 3
}

dry_run() {
    run_timeout 10 "$ORRERY" run "$EXAMPLES/trio.yaml" --dry-run
    is "--dry-run: exit code" "$RC" 0
    is "--dry-run: a line for each instance" "$(wc -l <"$OUT")" 3
    is "--dry-run: on the right machines" \
        "$(sed 's/.*qemu-system-\([^ ]*\) -M \([^ ]*\).*name=\([^,]*\),.*/\3 \1 \2/' "$OUT" | paste -s -d /)" \
        "node0 arm lm3s6965evb/node1 arm b-l475e-iot01a/node2 riscv32 virt"
    for argument in -nodefaults '-seed [0-9]* ' '-rtc base=[^ ]*,clock=vm ' \
        '-icount shift=4,align=off,sleep=off '; do
        is "--dry-run: all with $argument" "$(grep -c -e " $argument" "$OUT")" 3
    done
    is "--dry-run: makes no run directory" "$(left_runs)" ""
}

only_one() {
    run_timeout 30 "$ORRERY" run "$EXAMPLES/uart-pair.yaml" --only ping --for 50ms --pace 0
    is "--only: exit code" "$RC" 0
    contains "--only: the one that is left runs" "$OUT" "ping: b-l475e-iot01a, 20 requests"
    contains_not "--only: nothing of the other one" "$OUT" pong.serial1
    contains "--only: its link is a pseudo-terminal" "$ERR" "ping.serial0 is at /dev/pts/"
    run_timeout 10 "$ORRERY" run "$EXAMPLES/uart-pair.yaml" --only pign
    is "--only: no such instance: exit code" "$RC" 2
    contains "--only: no such instance: what was meant" "$ERR" "ping"
}

for_time() {
    run_timeout 30 "$ORRERY" run "$EXAMPLES/uart-pair.yaml" --for 100ms --trace-hash
    is "--for: exit code" "$RC" 0
    check "--for: nothing from later" none_after 0.1 "$OUT"
    contains_not "--for: not to the end" "$OUT" "20 replies"
    check "--for: something from before" grep -q 'pong  *1: request' "$OUT"
    first=$(hash_in "$OUT")
    run_timeout 30 "$ORRERY" run "$EXAMPLES/uart-pair.yaml" --for 100000001ns --trace-hash
    check "--for: a nanosecond more: a hash still" test -n "$(hash_in "$OUT")"
    run_timeout 30 "$ORRERY" run "$EXAMPLES/uart-pair.yaml" --for=0.1s --trace-hash --jitter 3
    is "--for: cut at the same time, the same hash" "$(hash_in "$OUT")" "$first"
    for time in 0s soon 5; do
        run_timeout 10 "$ORRERY" run "$EXAMPLES/uart-pair.yaml" --for $time
        is "--for $time: exit code" "$RC" 2
    done
}

logs() {
    run_timeout 30 "$ORRERY" run "$EXAMPLES/uart-pair.yaml" --log "$SCRATCH/logs"
    is "--log: exit code" "$RC" 0
    is "--log: its files" "$(cd "$SCRATCH/logs" && echo *)" \
        "console.log input.log ping.qemu.log ping.serial1.log pong.qemu.log pong.serial1.log"
    is "--log: the console's is what stdout got" "$(cat "$SCRATCH/logs/console.log")" "$(cat "$OUT")"
    is "--log: a port's is the bytes that it sent" \
        "$(tr -d '\r' <"$SCRATCH/logs/pong.serial1.log")" "$(lines_of pong.serial1)"
    check "--log: QEMU's begins with its command line" \
        grep -q '^+ .*qemu-system-arm -M b-l475e-iot01a' "$SCRATCH/logs/ping.qemu.log"
    is "--log: and ends with how it ended" "$(tail -n 1 "$SCRATCH/logs/ping.qemu.log")" "+ exited with status 0"
}

# ping gets no answer and exits with code 1; the run ends at that time, the same each time.
guest_fails() {
    sed 's/pong.elf/sleep.elf/' "$EXAMPLES/uart-pair.yaml" >"$SCRATCH/fails.yaml"
    run_timeout 30 "$ORRERY" run "$SCRATCH/fails.yaml" --trace-hash
    is "a guest fails: exit code" "$RC" 1
    check "a guest fails: one line says which, how and when" \
        grep -qx 'orrery: ping exited with code 1 at [0-9]*\.[0-9]\{9\}' "$ERR"
    is "a guest fails: and no other" "$(wc -l <"$ERR")" 1
    cat "$OUT" "$ERR" >"$SCRATCH/fails.first"
    run_timeout 30 "$ORRERY" run "$SCRATCH/fails.yaml" --trace-hash --jitter 5
    is "a guest fails: at the same time, with the same hash and output" "$(cat "$OUT" "$ERR")" \
        "$(cat "$SCRATCH/fails.first")"
}

nothing_happens() {
    run_timeout 30 "$ORRERY" run "$(pair starved sleep sleep)"
    is "both sleep until --for: exit code" "$RC" 0
    sed 's/, for: 30s//' "$SCRATCH/starved.yaml" >"$SCRATCH/forever.yaml"
    run_timeout 30 "$ORRERY" run "$SCRATCH/forever.yaml"
    is "both sleep for ever: exit code" "$RC" 3
    check "both sleep for ever: one line says so" grep -q '^orrery: nothing can happen after [0-9.]*:' "$ERR"
    contains "both sleep for ever: what they said is there" "$OUT" "b.serial1 | sleep: nothing will wake me"
}

example_pair
example_trio
example_stm32wb55
from_elsewhere
dry_run
only_one
for_time
logs
guest_fails
nothing_happens
done_testing

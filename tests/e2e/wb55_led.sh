#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# An LED of the board stm32wb55 belongs to the trace hash; a pin's constant level wins over its output.
. "$(dirname "$0")/lib.sh"

manifest() {
    cat <<EOF
orrery: 1
name: led
clock: { seed: 1, for: 3s }
instances:
  mcu: { machine: stm32wb55, firmware: wb55-blink.elf, icount: 4, semihosting: true, pins: { $1 } }
attach:
  - { port: mcu.serial0, to: stdout }
EOF
}

manifest '' >"$SCRATCH/lit.yaml"
manifest 'PB0: 0' >"$SCRATCH/dark.yaml"
run_timeout 60 "$ORRERY" run "$SCRATCH/lit.yaml" --trace-hash
lit=$(hash_in "$OUT")
is 'blink: ends well' "$RC" 0
run_timeout 60 "$ORRERY" run "$SCRATCH/lit.yaml" --trace-hash --jitter 3
is 'the same LED, the same hash' "$(hash_in "$OUT")" "$lit"
run_timeout 60 "$ORRERY" run "$SCRATCH/dark.yaml" --trace-hash
is 'LD2 held dark: ends well' "$RC" 0
check 'another hash' test "$(hash_in "$OUT")" != "$lit"
done_testing

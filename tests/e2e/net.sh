#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Nets of pins: who says what about contention, and what a machine without such pins says. What the
# levels are is in wb55.sh (program net).
. "$(dirname "$0")/lib.sh"

sed 's/args: \[@TAP@\]/args: []/' "$TOP/tests/firmware/wb55/net.yaml" >"$SCRATCH/net.yaml"
run_timeout 60 "$ORRERY" run "$SCRATCH/net.yaml" --log "$SCRATCH/logs"
is 'net: ends well' "$RC" 0
cat "$SCRATCH"/logs/*.qemu.log >"$SCRATCH/said"
is 'two ends drive against each other: each says so once' "$(grep -c 'driven high and low at once' "$SCRATCH/said")" 2
check 'with the time' grep -qE 'a\.gpio\.PC3: driven high and low at once, at 40[0-9]{6} ns' "$SCRATCH/said"
contains_not 'one lets go, the other drives before it can know: no contention' "$SCRATCH/said" 'PC6'

cat >"$SCRATCH/ring.yaml" <<END
orrery: 1
name: ring
clock: { for: 1s }
instances:
  a: { machine: stm32wb55, firmware: wb55-blink.elf, pins: { PA0: PA1 } }
  b: { machine: stm32wb55, firmware: wb55-blink.elf }
links:
  - { gpio: [a.gpio.PA0, b.gpio.PA0] }
  - { gpio: [a.gpio.PA1, b.gpio.PA1] }
END
run_timeout 60 "$ORRERY" run "$SCRATCH/ring.yaml"
is 'pins of two nets wired together: does not run' "$RC" 3
contains 'and says why' "$ERR" 'PA1 is wired to another pin with a gpio link'
done_testing

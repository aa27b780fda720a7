#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Nets of pins, and buttons: who says what about contention, and what a machine without such pins says. What the
# levels are is in wb55.sh (programs net and inputs).
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

# buttons while it runs

cat >"$SCRATCH/hands.yaml" <<END
orrery: 1
name: hands
clock: { pace: 1, for: 20s }
instances:
  a: { machine: stm32wb55, firmware: wb55-button.elf, semihosting: true }
attach:
  - { port: a.serial0, to: stdout }
inputs:
  - { at: 10ms, press: a.gpio.PD0 }
  - { at: 19s, press: a.gpio.PD0 }
END
check 'a run that waits for buttons' start_run hands "$SCRATCH/hands.yaml" --trace-hash
check 'what the manifest presses' wait_for 10 grep -qE '^\[  0\.010000000\] a.gpio.PD0 *\| held at 0$' "$SCRATCH/hands.out"
run_timeout 10 "$ORRERY" button a.gpio.PC4 click --for 20ms --run "$RUN"
is 'orrery button click' "$RC" 0
check 'says when' grep -qE '^[0-9.]+(s|ms|us|ns)?$' "$OUT"
run_timeout 10 "$ORRERY" button a.gpio.PZ1 press --run "$RUN"
is 'no such pin: exit code' "$RC" 2
contains 'and one line' "$ERR" "machine 'stm32wb55' has no input 'gpio.PZ1'"
check 'the firmware saw the click' wait_for 5 grep -qF 'PC4 was low for 20 ms' "$SCRATCH/hands.out"
for typo in 'a.gpoi.PC4 gpio.PC4' 'a.SW11 SW1' 'aa.gpio.PC4 a'; do
    run_timeout 10 "$ORRERY" button "${typo% *}" press --run "$RUN"
    contains "orrery button ${typo% *}" "$ERR" "; did you mean '${typo#* }'?"
    is "orrery button ${typo% *}: exit code" "$RC" 2
done
run_timeout 10 "$ORRERY" button a.gpio.PD1 press --run "$RUN"
finish 20 "$PID"
is 'the run ends by a button' "$RC" 0
check 'the run tells of them' grep -qE 'a.gpio.PC4 *\| held at 0$' "$SCRATCH/hands.out"
check 'and when they were let go' grep -qE 'a.gpio.PC4 *\| let go$' "$SCRATCH/hands.out"
done_testing

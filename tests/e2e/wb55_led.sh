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

# ---- LEDs, pins and buttons as steps ----

cat >"$SCRATCH/steps.test.yaml" <<END
orrery: 1
uses: $EXAMPLES/stm32wb55.yaml
port: mcu.serial0
steps:
  - { led: mcu.LD2, is: off }
  - { led: mcu.LD2, is: on, within: 300ms }
  - { expect: "LD2 on", within: 1ms }
  - { gpio: mcu.gpio.PB0, is: 1 }
  - { led: mcu.LD2, is: off, within: 300ms }
  - { led: mcu.LD2, is: on, within: 250.001ms }
  - { led: mcu.LD1, is: 0 }
  - { gpio: mcu.SW1, is: 1 }
  - { click: mcu.SW1, for: 20ms }
  - { gpio: mcu.gpio.PC4, is: 0 }
  - { gpio: mcu.SW1, is: 1, within: 21ms }
  - { press: mcu.gpio.PC4, level: 1 }
  - { release: mcu.gpio.PC4 }
END
run_timeout 60 "$ORRERY" run "$SCRATCH/steps.test.yaml" --trace-hash
is 'LEDs and pins as steps: ends well' "$RC" 0
diag "$(cat "$ERR")"
steps=$(hash_in "$OUT")
for how in '--jitter 3' '--jitter 4'; do
    # shellcheck disable=SC2086 # words
    run_timeout 60 "$ORRERY" run "$SCRATCH/steps.test.yaml" --trace-hash $how
    is "LEDs and pins as steps, $how: the same hash" "$(hash_in "$OUT")" "$steps"
done

# wrong CODE TEXT STEP - this step says so
wrong() {
    printf 'orrery: 1\nuses: %s/stm32wb55.yaml\nsteps:\n  - %s\n' "$EXAMPLES" "$3" >"$SCRATCH/wrong.test.yaml"
    run_timeout 60 "$ORRERY" run "$SCRATCH/wrong.test.yaml"
    is "$3: exit code" "$RC" "$1"
    contains "$3: told" "$ERR" "wrong.test.yaml:4:$2"
}
wrong 1 '5: mcu.LD3: it has not come to 1 (at 0.010000000)' '{ led: mcu.LD3, is: on, within: 10ms }'
wrong 1 '5: mcu.gpio.PB0: 1 was meant; it is 0 (at 0.000000000)' '{ gpio: mcu.gpio.PB0, is: 1 }'
wrong 2 "14: machine 'stm32wb55' has no input 'PC4'" '{ click: mcu.PC4 }'
contains 'a pin without its gpio: did you mean' "$ERR" "; did you mean 'gpio.PC4'?"
wrong 2 "13: machine 'stm32wb55' has no input 'SW4'" '{ line: mcu.SW4, level: 0 }'
wrong 2 "12: no instance 'muc'; did you mean 'mcu'?" '{ led: muc.LD2, is: on }'
wrong 2 "12: led: key 'is', on or off, is missing" '{ led: mcu.LD2 }'
wrong 2 "25: is 'green': one of off, on was meant" '{ led: mcu.LD2, is: green }'
wrong 2 "22: no link ends at 'mcu.serial0'" '{ fault: { link: mcu.serial0, drop: 1 } }'
wrong 2 "32: level: only with press and click" '{ release: mcu.SW1, level: 0 }'

# A secure element's pins; its buttons are to ground.
cat >"$SCRATCH/se.test.yaml" <<END
orrery: 1
uses: $EXAMPLES/wallet.yaml
steps:
  - { at: 1.5s }
  - { gpio: se.gpio.1, is: 1 }
  - { press: se.gpio.1 }
  - { gpio: se.gpio.1, is: 0 }
  - { release: se.gpio.1 }
  - { gpio: se.gpio.1, is: 1, within: 1ms }
END
run_timeout 60 "$ORRERY" run "$SCRATCH/se.test.yaml"
is "a secure element's pins: ends well" "$RC" 0
diag "$(cat "$ERR")"
done_testing

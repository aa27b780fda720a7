#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The supply of an instance: cut and put on by hand, by the manifest and by a scenario, at exact times and
# with the same trace under jitter; also of one that has ended by itself, and of the two cores of a chip.
# (What a chip loses: tests/firmware/wb55/supply.c, tests/firmware/st33.)
. "$(dirname "$0")/lib.sh"

cd "$SCRATCH" || exit 3

power() { timeout 10 "$ORRERY" power --run "$RUN" "$@"; }
is_in_state() { [ "$(ps_run ".instances[] | select(.name == \"$1\") | .state")" = "$2" ]; }

# ---- by hand ----

blink_and_sleep 'for: 100s' >by_hand.yaml
start_run by_hand by_hand.yaml --pace 0.1 || not_ok "starts"
check "both run" wait_for 10 said idle.serial1 "sleep: nothing will wake me" 1
power off mcu >off.out
check "off, says ps" wait_for 10 is_in_state mcu off
timeout 10 "$ORRERY" reset --run "$RUN" mcu >"$OUT"
at=$(power on mcu)
check "it starts again" wait_for 20 said mcu.serial0 "stm32wb55: LD2 blinks" 2
contains "at the time that was said" by_hand.out \
    "[$(plus "$at" "$BANNER_NS")] mcu.serial0  | stm32wb55: LD2 blinks"
power off idle >"$OUT"
at=$(power on idle)
check "so does one that sleeps for ever" wait_for 20 said idle.serial1 "sleep: nothing will wake me" 2
contains "at the time that was said, too" by_hand.out \
    "[$(plus "$at" "$SLEEPS_NS")] idle.serial1 | sleep: nothing will wake me"
power off mcu >"$OUT" && power off idle >"$OUT"
is "both off: the run waits for who has done that" "$(ps_run .state)" running
power on mcu >"$OUT"
check "and goes on" wait_for 20 said mcu.serial0 "stm32wb55: LD2 blinks" 3
is "the reset without power did nothing" "$(lines mcu.serial0 "stm32wb55: LD2 blinks")" 3
run_timeout 10 "$ORRERY" power --run "$RUN" off nobody
is "no such instance: exit code" "$RC" 3
contains "no such instance: one line" "$ERR" "no instance 'nobody'"
run_timeout 10 "$ORRERY" power --run "$RUN" out mcu
is "not on, not off: exit code" "$RC" 2
contains "not on, not off: one line" "$ERR" "'out': off or on was meant"
timeout 10 "$ORRERY" down "$RUN"
finish 20 "$PID"
is "the run ends as asked: exit code" "$RC" 3

# ---- the same each time ----

# same NAME MANIFEST [OPTION…] - twice, with jitter, and in turns: one trace and one output
same() {
    same_name=$1
    shift
    run_timeout 60 "$ORRERY" run "$@" --trace-hash
    cp "$OUT" first
    is "$same_name: exit code" "$RC" 0
    [ "$RC" -eq 0 ] || diag_file "$ERR"
    for seed in 1 2 3; do
        run_timeout 60 "$ORRERY" run "$@" --trace-hash --jitter $seed
        check "$same_name: the same with jitter $seed" cmp -s first "$OUT"
    done
}

{
    blink_and_sleep 'for: 300ms'
    echo 'inputs:'
    echo '  - { at: 50ms, power: { mcu: off }, for: 20ms }'
    echo '  - { at: 60ms, power: { idle: off } }'
    echo '  - { at: 90us, power: { idle: off }, for: 1ns }'
    echo '  - { at: 100ms, power: { idle: on } }'
    echo '  - { at: 120ms, power: { mcu: off } }'
    echo '  - { at: 120ms, power: { mcu: on } }'
} >inputs.yaml
same "by the manifest" inputs.yaml
contains "by the manifest: at the time it says" first "[  0.072429875] mcu.serial0  | stm32wb55: LD2 blinks"
contains "by the manifest: the other" first "[  0.102667694] idle.serial1 | sleep: nothing will wake me"
contains "by the manifest: off and on at once" first "[  0.122429875] mcu.serial0  | stm32wb55: LD2 blinks"

# One that has ended comes back; another says so all the while. When all have ended the run ends.
cat >exited.yaml <<END
orrery: 1
clock: { seed: 1, for: 10s }
instances:
  a: { machine: b-l475e-iot01a, firmware: ping.elf, icount: 4, semihosting: true }
  b: { machine: lm3s6965evb, firmware: pong.elf, icount: 4, semihosting: true }
  c: { machine: lm3s6965evb, firmware: sleep.elf, icount: 4 }
links:
  - { uart: [a.serial0, b.serial0], baud: 115200 }
attach:
  - { port: a.serial1, to: stdout }
  - { port: b.serial1, to: stdout }
inputs:
  - { at: 5s, power: { a: on } }
  - { at: 5s, power: { b: on } }
  - { at: 9s, power: { c: off } }
END
same "one that has ended" exited.yaml
is "one that has ended: the dialogue is held twice" "$(grep -c 'ping: 20 replies, 0 errors' first)" 2
contains "one that has ended: the last cut ends the run" first "[  9.000000000] c         | power off"

# ---- chips ----

# The same update as in st33.sh, whose 72 cuts are those of an input of the part.
mkdir update
sed "s/click: a.power/power: { a: off }/; s|@TAP@|$(program_tap)|" "$TOP/tests/firmware/st33/update.yaml" >update/m.yaml
same "72 cuts in an update" update/m.yaml
at_most "72 cuts in an update: most come before it is done" 60 "$(grep -c 'power off' first)"
program_verdicts "72 cuts in an update" tap

# What flash has of a write when power goes is what it has when the run ends there.
part() {
    cat <<END
orrery: 1
clock: { seed: 1 }
instances:
  se: { machine: st33, firmware: st33-update.elf, semihosting: true, flash: { file: $1, keep: true } }
END
}
part ended.img >ended.yaml
run_timeout 30 "$ORRERY" run ended.yaml --for 4.5ms
{
    part cut.img
    echo 'inputs: [ { at: 4.5ms, power: { se: off } } ]'
} >cut.yaml
run_timeout 30 "$ORRERY" run cut.yaml
is "a cut for good ends the run: exit code" "$RC" 0
check "torn as at the end of a run" cmp -s ended.img cut.img

cat >dual.yaml <<END
orrery: 1
clock: { seed: 1, for: 100s }
instances:
  mcu: { machine: stm32wb55, firmware: dual-ipcc.elf, args: [$(program_tap)], cpu2: { firmware: dual-ipcc-cpu2.elf } }
inputs:
  - { at: 3ms, power: { mcu: off }, for: 1us }
  - { at: 9ms, power: { mcu.cpu2: off }, for: 3ms }
END
same "two cores, one supply" dual.yaml
program_verdicts "two cores, one supply" tap

# ---- a scenario ----

blink_and_sleep >base.yaml
cat >cut.test.yaml <<END
orrery: 1
uses: base.yaml
port: mcu.serial0
steps:
  - { expect: "stm32wb55: LD2 blinks" }
  - { power: { mcu: off } }
  - { power: { idle: off } }
  - { never: "stm32wb55: LD2 blinks", within: 50ms }
  - { power: { mcu: on } }
  - { expect: "stm32wb55: LD2 blinks", within: 3ms }
END
run_timeout 60 "$ORRERY" test cut.test.yaml --twice
is "a scenario: exit code" "$RC" 0
[ "$RC" -eq 0 ] || diag_file "$OUT"
sed -i '$ s/3ms/2ms/' cut.test.yaml
run_timeout 60 "$ORRERY" test cut.test.yaml
is "a scenario that fails: exit code" "$RC" 1
sed -i 's/^  - { power: { mcu: on } }$/  - { power: { mcu: low } }/' cut.test.yaml
run_timeout 10 "$ORRERY" test cut.test.yaml
is "a scenario that is wrong: exit code" "$RC" 2
contains "a scenario that is wrong: where" "$OUT" "cut.test.yaml:9:21: power 'low': one of off, on was meant"
done_testing

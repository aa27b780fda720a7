#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A reset from outside happens at a virtual time of the broker's: also to an instance that sleeps for
# ever, by QMP, by HMP, and while everybody is paused.
. "$(dirname "$0")/lib.sh"

blink_and_sleep 'for: 20s' >"$SCRATCH/reset.yaml"
start_run reset "$SCRATCH/reset.yaml" --pace 0.1 || not_ok "starts"
check "both run" wait_for 10 said idle.serial1 "sleep: nothing will wake me" 1
at=$(timeout 10 "$ORRERY" reset --run "$RUN" mcu)
check "a busy one starts again" wait_for 10 said mcu.serial0 "stm32wb55: LD2 blinks" 2
contains "at the time that was said" "$SCRATCH/reset.out" \
    "[$(plus "$at" "$BANNER_NS")] mcu.serial0  | stm32wb55: LD2 blinks"
at=$(timeout 10 "$ORRERY" reset --run "$RUN" idle)
check "one that sleeps for ever starts again" wait_for 10 said idle.serial1 "sleep: nothing will wake me" 2
contains "at the time that was said, too" "$SCRATCH/reset.out" \
    "[$(plus "$at" "$SLEEPS_NS")] idle.serial1 | sleep: nothing will wake me"
timeout 10 "$ORRERY" qmp --run "$RUN" idle system_reset >"$OUT"
check "the same by QMP" wait_for 10 said idle.serial1 "sleep: nothing will wake me" 3
echo system_reset | timeout 10 "$ORRERY" monitor --run "$RUN" mcu >"$OUT"
check "and by HMP" wait_for 10 said mcu.serial0 "stm32wb55: LD2 blinks" 3
paused=$(timeout 10 "$ORRERY" pause --run "$RUN")
is "paused: it happens there" "$(timeout 10 "$ORRERY" reset --run "$RUN" mcu)" "$paused"
timeout 10 "$ORRERY" resume --run "$RUN"
check "and shows when the run goes on" wait_for 10 said mcu.serial0 "stm32wb55: LD2 blinks" 4
timeout 10 "$ORRERY" qmp --run "$RUN" mcu stop >"$OUT"
timeout 10 "$ORRERY" qmp --run "$RUN" mcu system_reset >"$OUT"
timeout 10 "$ORRERY" qmp --run "$RUN" mcu cont >"$OUT"
check "stopped by its monitor, it is reset where it stands" wait_for 10 said mcu.serial0 "stm32wb55: LD2 blinks" 5
run_timeout 10 "$ORRERY" reset --run "$RUN" nobody
is "no such instance: exit code" "$RC" 3
contains "no such instance: one line" "$ERR" "no instance 'nobody'"
timeout 10 "$ORRERY" down "$RUN"
finish 20 "$PID"
is "the run ends as asked: exit code" "$RC" 3
done_testing

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The machine stm32wb55 saved to a file in the middle of DMA transfers and loaded into another QEMU:
# the program (tests/firmware/wb55/save.c) comes to the same results, to the cycle.
# timeout: 120
. "$(dirname "$0")/lib.sh"

QEMU=$ORRERY_QEMU_DIR/qemu-system-arm
ELF=${ORRERY_BUILD:-$TOP/build}/tests/firmware/wb55-save.elf

# tap NAME - the arguments that send what the program says to $SCRATCH/NAME
tap() { echo "-chardev file,id=tap,path=$SCRATCH/$1 -semihosting-config enable=on,target=native,chardev=tap"; }

cat >"$SCRATCH/save.yaml" <<END
orrery: 1
name: save
clock: { seed: 1, for: 10s, pace: 0.02 }
instances:
  a:
    machine: stm32wb55
    firmware: wb55-save.elf
    icount: 4
    semihosting: true
    args: [$(tap saved | sed 's/[^ ]*/"&"/g; s/ /, /g')]
END
sed 's/, pace: 0.02//; s/saved/whole/' "$SCRATCH/save.yaml" >"$SCRATCH/whole.yaml"

run_timeout 30 "$ORRERY" run "$SCRATCH/whole.yaml"
is "without a break: exit code" "$RC" 0

migrated() { "$ORRERY" qmp --run "$RUN" a query-migrate 2>/dev/null | grep -q completed; }

start_run save "$SCRATCH/save.yaml" || exit 3
"$ORRERY" pause --run "$RUN" >"$OUT" 2>&1
"$ORRERY" until 40ms --run "$RUN" >>"$OUT" 2>&1
check "stopped at 40 ms" grep -q '0\.0400' "$OUT"
"$ORRERY" qmp --run "$RUN" a migrate "{\"uri\": \"file:$SCRATCH/state\"}" >"$OUT" 2>&1
check "saved to a file" wait_for 20 migrated
is "the program has said nothing yet" "$(cat "$SCRATCH/saved")" ""
"$ORRERY" down "$RUN" >"$OUT" 2>&1
finish 20 "$PID"

# shellcheck disable=SC2046 # words
run_timeout 30 "$QEMU" -M stm32wb55 -nodefaults -display none -icount shift=4,align=off,sleep=off \
    -rtc base=2020-01-01T00:00:00,clock=vm -kernel "$ELF" $(tap loaded) -incoming "file:$SCRATCH/state"
is "loaded elsewhere it goes on: exit code" "$RC" 0
[ "$RC" -eq 0 ] || diag_file "$ERR"
check "with the same results" cmp "$SCRATCH/loaded" "$SCRATCH/whole"
done_testing

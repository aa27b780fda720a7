#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The machine stm32wb55 saved to a file in the middle of DMA transfers and loaded into another QEMU:
# the program (tests/firmware/wb55/save.c) comes to the same results, to the cycle. With --full other
# programs of tests/firmware/wb55/ too, at several times.
# timeout: 600
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

# What `orrery run` starts, without broker and monitors.
by_hand() {
    "$ORRERY" run --dry-run "$1" | sed 's/ -\(object\|qmp\|mon\|gdb\|action\) [^ ]*//g
        s/ -chardev socket,[^ ]*//g; s/ -semihosting-config enable=on,target=gdb//'
}

# saved_at NAME PERMILLE… - of the time that the program takes
saved_at() {
    save_name=$1
    shift
    program_manifest wb55 "$save_name" stm32wb55 | sed "s|@TAP@|$(program_tap)|" >"$SCRATCH/$save_name.yaml"
    start_paused "$save_name" "$SCRATCH/$save_name.yaml" || return 1
    save_end=$(timeout 100 "$ORRERY" until 3000s --run "$RUN" 2>&1 | sed -n 's/.*ended at //p')
    finish 20 "$PID"
    mv "$SCRATCH/tap" "$SCRATCH/whole"
    for save_part; do
        start_paused "$save_name" "$SCRATCH/$save_name.yaml" || return 1
        save_ns=$(awk "BEGIN { printf \"%d\", $save_end * $save_part * 1e6 }")
        timeout 100 "$ORRERY" until "${save_ns}ns" --run "$RUN" >"$OUT" 2>&1
        "$ORRERY" qmp --run "$RUN" a migrate "{\"uri\": \"file:$SCRATCH/state\"}" >>"$OUT" 2>&1
        wait_for 20 migrated
        mv "$SCRATCH/tap" "$SCRATCH/first"
        "$ORRERY" qmp --run "$RUN" a cont >>"$OUT" 2>&1 # the migration has stopped it
        "$ORRERY" down "$RUN" >>"$OUT" 2>&1
        finish 20 "$PID"
        by_hand "$SCRATCH/$save_name.yaml" >"$SCRATCH/command"
        run_timeout 100 sh -c "exec $(cat "$SCRATCH/command") -incoming file:$SCRATCH/state"
        [ "$RC" -eq 0 ] || diag_file "$ERR"
        cat "$SCRATCH/first" "$SCRATCH/tap" >"$SCRATCH/both"
        check "$save_name: saved at $save_ns ns" cmp "$SCRATCH/both" "$SCRATCH/whole"
    done
}

# not flash's, I2C's and QUADSPI's memories: QEMU's EEPROM and NOR save no contents
for name in $(full '' 'adc analog crs dma lptim pka remap spi tim'); do
    saved_at "$name" 250 500 750
done
done_testing

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The machine st33 saved to a file in the middle of page faults and loaded into another QEMU: the pager
# (tests/firmware/st33/pager.c) comes to the same results, with pages of 1 KiB and of 256 bytes.
# timeout: 120
. "$(dirname "$0")/lib.sh"

QEMU=$ORRERY_QEMU_DIR/qemu-system-arm
ELF=${ORRERY_BUILD:-$TOP/build}/tests/firmware/st33-pager.elf

# tap NAME - the arguments that send what the program says to $SCRATCH/NAME
tap() { echo "-chardev file,id=tap,path=$SCRATCH/$1 -semihosting-config enable=on,target=native,chardev=tap"; }
migrated() { "$ORRERY" qmp --run "$RUN" a query-migrate 2>/dev/null | grep -q completed; }

# saved MACHINE
saved() {
    cat >"$SCRATCH/save.yaml" <<END
orrery: 1
name: save
clock: { seed: 1, for: 60s, pace: 0.1 }
instances:
  a:
    machine: $1
    firmware: st33-pager.elf
    icount: 4
    semihosting: true
    args: [$(tap saved | sed 's/[^ ]*/"&"/g; s/ /, /g')]
END
    sed 's/, pace: 0.1//; s/saved/whole/' "$SCRATCH/save.yaml" >"$SCRATCH/whole.yaml"
    run_timeout 30 "$ORRERY" run "$SCRATCH/whole.yaml"
    is "$1: without a break: exit code" "$RC" 0
    start_run save "$SCRATCH/save.yaml" || exit 3
    "$ORRERY" pause --run "$RUN" >"$OUT" 2>&1
    "$ORRERY" until 200ms --run "$RUN" >>"$OUT" 2>&1
    "$ORRERY" qmp --run "$RUN" a migrate "{\"uri\": \"file:$SCRATCH/state\"}" >"$OUT" 2>&1
    check "$1: saved to a file" wait_for 20 migrated
    is "$1: the program has said nothing yet" "$(cat "$SCRATCH/saved")" ""
    "$ORRERY" down "$RUN" >"$OUT" 2>&1
    finish 20 "$PID"
    # shellcheck disable=SC2046 # words
    run_timeout 30 "$QEMU" -M "$1" -nodefaults -display none -icount shift=4,align=off,sleep=off \
        -rtc base=2020-01-01T00:00:00,clock=vm -kernel "$ELF" $(tap loaded) -incoming "file:$SCRATCH/state"
    is "$1: loaded elsewhere it goes on: exit code" "$RC" 0
    [ "$RC" -eq 0 ] || diag_file "$ERR"
    check "$1: with the same results" cmp "$SCRATCH/loaded" "$SCRATCH/whole"
}

saved st33
saved st33-p256
done_testing

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The stm32wb55's boot loader under Debian's stm32flash through a pty: identify, erase, write 100 KiB,
# verify, read, start, protect; and a flash that is kept from run to run.
# timeout: 300
. "$(dirname "$0")/lib.sh"

# stm32flash 0.7 ends when it does not know the device, and it does not know 0x495. So one run shows
# what it says of our loader as it is, and the others have the same loader with the ID of an
# STM32L4R, whose pages are as large.
BUILT=$(dirname "$(readlink -f "$ORRERY")")/../tests/firmware
mkdir "$SCRATCH/roms" || exit 3
cp "$BUILT"/wallet-*.elf "$BUILT/wb55-blink.elf" "$BUILT/st33-recovery.elf" "$BUILT/st33-hello.elf" "$BUILT"/cpu2*.elf "$SCRATCH/roms/" || exit 3
cp "$BUILT/stm32wb55-bootrom-470.elf" "$SCRATCH/roms/stm32wb55-bootrom.elf"

# A pty has no parity: the manifest's format is the line's (8E1), stm32flash is told that there is none.
# A second session with a loader goes on with -c: a loader that has its baud rate takes the first byte
# of a connection for a command, and the tool waits for an answer until its patience ends.
BAUD=230400
flasher() {
    LD_PRELOAD=$SCRATCH/patience.so timeout 600 stm32flash -m 8n1 -b $BAUD "$@" "$PTY" 2>&1 |
        tr '\r' '\n' >"$SCRATCH/flasher"
}

manifest() {
    cat <<END
orrery: 1
name: stm32flash
clock: { pace: 2.0 }
instances:
  mcu: { machine: stm32wb55, $1 }
attach:
  - { port: mcu.serial0, to: $2, baud: $3, format: 8E1 }
END
}

# loader NAME KEYS - a run that starts in system memory; $PTY is its line.
loader() {
    manifest "boot: system$2" pty $BAUD >"$SCRATCH/$1.yaml"
    start_run "$1" "$SCRATCH/$1.yaml" --trace-hash
    PTY=$(cat "$SCRATCH/$1.out" "$SCRATCH/$1.err" | grep -o '/dev/pts/[0-9]*' | head -n 1)
}

stop() {
    kill -INT "$PID"
    finish 20 "$PID"
}

image() {
    arm-none-eabi-objcopy -O binary "$BUILT/wb55-banner.elf" "$SCRATCH/fw.bin" || exit 3
    # something to fill it up with, the same every time
    { cat "$SCRATCH/fw.bin" && seq 100000; } | head -c 102400 >"$SCRATCH/fw.part"
    mv "$SCRATCH/fw.part" "$SCRATCH/fw.bin"
}

identify() {
    loader identify ''
    flasher
    contains "stm32flash gets the part's ID" "$SCRATCH/flasher" 'Device ID: 0x495'
    stop
}

# listen TEXT - until it has come
listen() {
    cat "$PTY" >"$SCRATCH/heard" &
    listener=$!
    wait_for 20 grep -qF "$1" "$SCRATCH/heard"
    kill $listener
}

write_and_start() {
    loader write ", flash: { file: $SCRATCH/kept.img, keep: true }"
    for at in 0 20480 40960 61440 81920; do
        tail -c "+$((at + 1))" "$SCRATCH/fw.bin" | head -c 20480 >"$SCRATCH/part.bin"
        # shellcheck disable=SC2046 # words
        flasher $([ $at -eq 0 ] || echo -c) -w "$SCRATCH/part.bin" -v -S $((0x08000000 + at)):20480
        contains "writes 20 KiB at $at and verifies" "$SCRATCH/flasher" '(100.00%) Done.'
    done
    check "the flash is in its file" cmp -n 102400 "$SCRATCH/kept.img" "$SCRATCH/fw.bin"
    flasher -c -r "$SCRATCH/read.bin" -S 0x08000000:102400
    check "reads it back" cmp "$SCRATCH/read.bin" "$SCRATCH/fw.bin"
    cp "$SCRATCH/kept.img" "$SCRATCH/before.img"
    run_timeout 20 "$ORRERY" run "$SCRATCH/write.yaml"
    is "a second run with the kept file: exit code" "$RC" 3
    contains "the file is locked" "$ERR" 'in use by another instance'
    stop
    HASH=$(hash_in "$SCRATCH/write.out")
}

# The banner is at 57600 baud, from the chip's reset clock.
from_kept() {
    manifest "flash: { file: $SCRATCH/kept.img }" stdout 57600 >"$SCRATCH/kept.yaml"
    run_timeout 30 "$ORRERY" run "$SCRATCH/kept.yaml" --for 50ms
    contains "a run from the kept flash says the banner" "$OUT" 'banner: written, verified, started'
    check "and does not change the file" cmp "$SCRATCH/kept.img" "$SCRATCH/before.img"
}

go() {
    BAUD=57600
    loader go ", flash: { file: $SCRATCH/kept.img, keep: true }"
    flasher -g 0x08000000
    contains "go" "$SCRATCH/flasher" 'Starting execution at address 0x08000000... done'
    listen 'banner: written, verified, started'
    contains "the program's banner appears" "$SCRATCH/heard" 'banner: written, verified, started'
    stop
    check_not "another kept flash, another trace hash" [ "$(hash_in "$SCRATCH/go.out")" = "$HASH" ]
}

protect() {
    BAUD=230400
    loader protect ", flash: { file: $SCRATCH/kept.img, keep: true }"
    flasher -j
    flasher -r "$SCRATCH/read.bin" -S 0x08000000:256
    check_not "read protection: nothing is read" [ -s "$SCRATCH/read.bin" ]
    flasher -c -k
    flasher -r "$SCRATCH/read.bin" -S 0x08000000:256
    is "unprotecting erases the flash" "$(tr -d '\377' <"$SCRATCH/read.bin" | wc -c)" 0
    is "256 bytes of it" "$(wc -c <"$SCRATCH/read.bin")" 256
    stop
}

# flash_wallet NAME SED PORT OPTION… - a wallet of which one part is in recovery, flashed through PORT;
# $PID is still running.
flash_wallet() {
    sed -e "$2" -e 's/for: 4s/pace: 4.0/' -e '/^inputs:/,$d' "$EXAMPLES/wallet.yaml" >"$SCRATCH/$1.yaml"
    start_run "$1" "$SCRATCH/$1.yaml"
    PTY=$(cat "$SCRATCH/$1.out" "$SCRATCH/$1.err" | grep -o "$3 is at /dev/pts/[0-9]*" | cut -d ' ' -f 4)
    BAUD=115200
    flash_name=$1
    shift 3
    flasher "$@" -v
    contains "recovery: stm32flash writes the $flash_name and verifies" "$SCRATCH/flasher" '(100.00%) Done.'
}

# The wallet's MCU in recovery: its USART1 is ours, and the secure element waits in reset.
recovery() {
    arm-none-eabi-objcopy -O binary "$BUILT/wallet-mcu.elf" "$SCRATCH/mcu.bin"
    flash_wallet mcu \
        "s|firmware: wallet-mcu.elf,|boot: recovery, flash: { file: $SCRATCH/mcu.img, keep: true },|" \
        mcu.serial0 -w "$SCRATCH/mcu.bin"
    check 'recovery: the secure element waits' test "$(ps_run '.instances[] | select(.name == "se") | .state')" = idle
    stop
    sed "s|firmware: wallet-mcu.elf,|boot: normal, flash: { file: $SCRATCH/mcu.img },|" \
        "$EXAMPLES/wallet.yaml" >"$SCRATCH/flashed.yaml"
    run_timeout 60 "$ORRERY" run "$SCRATCH/flashed.yaml"
    cp "$OUT" "$SCRATCH/out.flashed"
    is 'recovery: what was flashed runs: exit code' "$RC" 0
    run_timeout 60 "$ORRERY" run "$EXAMPLES/wallet.yaml"
    check 'recovery: and says what it says otherwise' cmp -s "$OUT" "$SCRATCH/out.flashed"
}

# The secure element in recovery: its IART is ours, at its own address; the MCU hears nothing, and waits.
se_recovery() {
    arm-none-eabi-objcopy -O binary -R .app "$BUILT/wallet-se.elf" "$SCRATCH/os.bin"
    arm-none-eabi-objcopy -O binary -j .app "$BUILT/wallet-se.elf" "$SCRATCH/app.bin"
    os_size=$(wc -c <"$SCRATCH/os.bin")
    app_size=$(wc -c <"$SCRATCH/app.bin")
    flash_wallet se "s|firmware: wallet-se.elf,|boot: recovery, flash: { file: $SCRATCH/se.img, keep: true },|" \
        se.serial0 -w "$SCRATCH/os.bin" -S "0x00200400:$os_size"
    flasher -c -w "$SCRATCH/app.bin" -v -S "0x00240000:$app_size"
    run_timeout 60 "$ORRERY" until 3s --run "$RUN"
    contains 'recovery: the MCU waits' "$SCRATCH/se.out" 'mcu: no answer of the secure element; asked again each second'
    stop
    check 'recovery: it is in the file' cmp -n "$os_size" -i 1024:0 "$SCRATCH/se.img" "$SCRATCH/os.bin"
    check 'recovery: its app too' cmp -n "$app_size" -i 262144:0 "$SCRATCH/se.img" "$SCRATCH/app.bin"
    sed "s|firmware: wallet-se.elf,|boot: normal, flash: { file: $SCRATCH/se.img },|" \
        "$EXAMPLES/wallet.yaml" >"$SCRATCH/flashed.yaml"
    run_timeout 60 "$ORRERY" run "$SCRATCH/flashed.yaml"
    check 'recovery: what was flashed runs, and says what it says otherwise' cmp -s "$OUT" "$SCRATCH/out.flashed"
}

if ! command -v stm32flash >/dev/null; then
    skip "stm32flash" "not installed"
    done_testing
    exit
fi
# The tool's own half second of wall time for an answer would make this a test of the host.
gcc -D_GNU_SOURCE -shared -fPIC -o "$SCRATCH/patience.so" -I"$TOP/ipc" \
    "$TOP/tests/e2e/patience.c" "$TOP/ipc/patience.c" || exit 3
image
identify
BAUD=230400
export ORRERY_FIRMWARE_DIR="$SCRATCH/roms"
write_and_start
from_kept
go
protect
recovery
se_recovery
done_testing

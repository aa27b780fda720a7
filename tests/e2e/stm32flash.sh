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
cp "$BUILT/stm32wb55-bootrom-470.elf" "$SCRATCH/roms/stm32wb55-bootrom.elf"

# A pty has no parity: the manifest's format is the line's (8E1), stm32flash is told that there is none.
BAUD=230400
flasher() { timeout 60 stm32flash -m 8n1 -b $BAUD "$@" "$PTY" 2>&1 | tr '\r' '\n' >"$SCRATCH/flasher"; }

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

listen() { timeout "$1" cat "$PTY" >"$SCRATCH/heard"; }

write_and_start() {
    loader write ", flash: { file: $SCRATCH/kept.img, keep: true }"
    flasher -w "$SCRATCH/fw.bin" -v
    contains "writes 100 KiB and verifies" "$SCRATCH/flasher" '(100.00%) Done.'
    check "the flash is in its file" cmp -n 102400 "$SCRATCH/kept.img" "$SCRATCH/fw.bin"
    flasher -r "$SCRATCH/read.bin" -S 0x08000000:102400
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
    listen 3
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
    flasher -k
    flasher -r "$SCRATCH/read.bin" -S 0x08000000:256
    is "unprotecting erases the flash" "$(tr -d '\377' <"$SCRATCH/read.bin" | wc -c)" 0
    is "256 bytes of it" "$(wc -c <"$SCRATCH/read.bin")" 256
    stop
}

# The wallet's MCU in recovery: its USART1 is ours, and the secure element waits in reset.
recovery() {
    sed -e 's/firmware: wallet-mcu.elf,/boot: recovery,/' -e 's/for: 4s/pace: 2.0/' -e 's/ cpu2: builtin,//' \
        -e '/^inputs:/,$d' "$EXAMPLES/wallet.yaml" >"$SCRATCH/recovery.yaml"
    start_run recovery "$SCRATCH/recovery.yaml"
    PTY=$(cat "$SCRATCH/recovery.out" "$SCRATCH/recovery.err" | grep -o 'mcu.serial0 is at /dev/pts/[0-9]*' | cut -d ' ' -f 4)
    BAUD=115200
    flasher
    contains "recovery: stm32flash gets the part's ID" "$SCRATCH/flasher" 'Device ID: 0x495'
    check 'recovery: the secure element waits' test "$(ps_run '.members[] | select(.name == "se") | .state')" != off
    stop
}

if ! command -v stm32flash >/dev/null; then
    skip "stm32flash" "not installed"
    done_testing
    exit
fi
image
identify
recovery
BAUD=230400
export ORRERY_FIRMWARE_DIR="$SCRATCH/roms"
write_and_start
from_kept
go
protect
done_testing

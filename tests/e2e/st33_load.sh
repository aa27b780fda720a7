#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a st33 is loaded with, what it keeps, what the end of a run tears, and what it refuses.
# timeout: 200
. "$(dirname "$0")/lib.sh"

BUILT=$(dirname "$(readlink -f "$ORRERY")")/../tests/firmware
cd "$SCRATCH" || exit 3

# run_part MACHINE KEYS [OPTION…]
run_part() {
    cat >m.yaml <<END
orrery: 1
name: load
clock: { seed: 1 }
instances:
  se: { machine: $1, semihosting: true, $2, args: [$(program_tap)] }
END
    shift 2
    rm -f tap
    run_timeout 30 "$ORRERY" run m.yaml --for 2s "$@"
}

starts() {
    run_part "$2" "$3"
    contains "$1" tap 'PASS starts at 0x00200400'
}

# refused NAME MACHINE KEYS TEXT
refused() {
    run_part "$2" "$3"
    is "$1: exit code" "$RC" "${5:-3}"
    contains "$1" "$ERR" "$4"
    is "$1: one line" "$(grep -c 'qemu-system-arm:' "$ERR")" 1
}

cp "$BUILT/st33-hello.elf" fw.elf
cp "$BUILT/wb55-banner.elf" other.elf
cp "$BUILT/st33-update.elf" update.elf
arm-none-eabi-objcopy -O binary fw.elf fw.bin
arm-none-eabi-objcopy -O ihex fw.elf fw.hex
sha256sum fw.* other.elf >before

starts "an ELF file" st33 'firmware: fw.elf'
starts "an Intel HEX file" st33 'firmware: fw.hex'
starts "a raw image" st33 'firmware: fw.bin'
starts "a raw image, where it says" st33 'firmware: { file: fw.bin, at: 0x00200400 }'
starts "a smaller part" '"st33,flash-size=64K,ram-size=8K"' 'firmware: fw.elf'
check "no file was changed" sha256sum --quiet -c before

head -c 3000000 /dev/zero >large.bin
refused "an image that is too large" st33 'firmware: large.bin' 'are too many: flash ends at 0x003fffff'
refused "an image for another part" st33 'firmware: other.elf' 'at 0x08000000 are not in flash or RAM of this part'
sed '3s/^:10/:11/' fw.hex >bad.hex
refused "a bad record" st33 'firmware: bad.hex' 'line 3: not an Intel HEX record'
refused "no such size" '"st33,flash-size=100K"' 'firmware: fw.elf' 'flash-size: 100 KiB: 64 to 4096 KiB in steps of 64 was meant'
refused "no RAM" '"st33,ram-size=0"' 'firmware: fw.elf' 'ram-size: 0 KiB: 8 to 1024'
refused "no entries" '"st33,mmu-entries=0"' 'firmware: fw.elf' 'mmu-entries: 0: 1 to 256 was meant'
refused "a clock for a card" '"st33,iart-clk=99"' 'firmware: fw.elf' 'iart-clk: 99: 1000000 to 20000000 Hz was meant'

# a part that is kept
run_part st33 'firmware: fw.elf, flash: { file: se.img, keep: true }'
is "kept: all flash, and what else outlives power" "$(wc -c <se.img)" $((2 * 1024 * 1024 + 256))
run_part st33 'flash: { file: se.img }'
contains "and starts without firmware" tap 'PASS starts at 0x00200400'
refused "of a larger part" '"st33,flash-size=1M"' 'flash: { file: se.img }' 'is not a file of up to 1048832 bytes'
head -c 2097407 se.img >short.img
refused "a byte short" st33 'flash: { file: short.img }' 'is corrupt or of another part: 2097407 bytes'
cp se.img bad.img
printf 'X' | dd of=bad.img bs=1 seek=$((2 * 1024 * 1024 + 33)) conv=notrunc 2>/dev/null
refused "a counter that somebody changed" st33 'flash: { file: bad.img }' 'is corrupt: its last 256 bytes'
head -c 2097408 /dev/urandom >noise.img
refused "noise" st33 'flash: { file: noise.img }' 'is corrupt: its last 256 bytes'
run_part st33 'firmware: fw.elf, flash: { file: none.img }'
is "no such file, and not to be kept: exit code" "$RC" 2

# the end of a run is a power failure: the same each time, and something half done
cut_at() {
    rm -f cut.img
    # shellcheck disable=SC2086 # words
    run_part st33 'firmware: update.elf, flash: { file: cut.img, keep: true }' --for "$1" $2
    sha256sum <cut.img
}
for at in 4.2ms 4.5ms 5.1ms; do
    is "cut at $at: the same each time" "$(cut_at $at)" "$(cut_at $at '--jitter 5')"
done
is "another time is another flash" "$([ "$(cut_at 4.2ms)" = "$(cut_at 4.25ms)" ] && echo same)" ""
cut_at 4.2ms >/dev/null
run_part st33 'flash: { file: cut.img, keep: true }' --for 40ms
is "and the part starts again: exit code" "$RC" 0
is "without a word" "$(cat tap 2>/dev/null)" ""

# a card that turns to ISO 7816-3, and a UART that does not
cat >modes.yaml <<END
orrery: 1
name: modes
clock: { seed: 1, for: 300ms }
instances:
  se: { machine: st33, firmware: st33-iart.elf, semihosting: true }
  mcu: { machine: lm3s6965evb, firmware: stream_tx.elf, icount: 4, semihosting: true }
links:
  - { uart: [se.serial0, mcu.serial0], baud: 115200 }
END
run_timeout 30 "$ORRERY" run modes.yaml
is "two modes on one line: exit code" "$RC" 3
contains "two modes on one line" "$ERR" 'port serial0: the firmware set it to ISO 7816-3, but the other end of the line is set to UART'
is "two modes on one line: one line" "$(grep -c qemu-system-arm "$ERR")" 1
sed 's/uart: .*serial0\], baud/iso7816: [se.serial0, mcu.serial0], baud/; s/lm3s6965evb, firmware: stream_tx/stm32wb55, firmware: st33-reader/' \
    modes.yaml >link.yaml
run_timeout 30 "$ORRERY" run link.yaml
is "an iso7816 link, and a UART: exit code" "$RC" 3
contains "an iso7816 link, and a UART" "$ERR" 'port serial0: the firmware set it to UART, but the link is iso7816'
is "an iso7816 link, and a UART: one line" "$(grep -c qemu-system-arm "$ERR")" 1
done_testing

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a stm32wb55 is loaded with: ELF, Intel HEX, raw image; where it starts; what it refuses.
# timeout: 200
. "$(dirname "$0")/lib.sh"

BUILT=$(dirname "$(readlink -f "$ORRERY")")/../tests/firmware
BANNER='banner: written, verified, started'
cd "$SCRATCH" || exit 3

# run_part KEYS
run_part() {
    cat >m.yaml <<END
orrery: 1
instances:
  mcu: { machine: stm32wb55, $1 }
attach:
  - { port: mcu.serial0, to: stdout, baud: 57600, format: 8E1 }
END
    run_timeout 30 "$ORRERY" run m.yaml --for 30ms
}

starts() {
    run_part "$2"
    contains "$1" "$OUT" "$BANNER"
}

# refused NAME KEYS TEXT
refused() {
    run_part "$2"
    is "$1: exit code" "$RC" 3
    contains "$1" "$ERR" "$3"
}

cp "$BUILT/wb55-banner.elf" fw.elf
cp "$BUILT/wb55-banner-sram.elf" sram.elf
arm-none-eabi-objcopy -O binary fw.elf fw.bin
arm-none-eabi-objcopy -O ihex fw.elf fw.hex
arm-none-eabi-objcopy -O binary sram.elf sram.bin
sha256sum fw.* sram.* >before

starts "an ELF file" 'firmware: fw.elf'
starts "an Intel HEX file" 'firmware: fw.hex'
starts "a raw image" 'firmware: fw.bin'
starts "a raw image, at the alias" 'firmware: { file: fw.bin, at: 0 }'
starts "SRAM, from an ELF file" 'firmware: sram.elf, boot: sram'
starts "SRAM, from a raw image" 'firmware: { file: sram.bin, at: 0x20000000 }, boot: sram'
starts "a dump of the flash" 'flash: { file: fw.bin }'
starts "firmware over a dump" 'flash: { file: sram.bin }, firmware: fw.elf'
check "no file was changed" sha256sum --quiet -c before

sed '3s/^:10/:11/' fw.hex >bad.hex
refused "a bad record" 'firmware: bad.hex' 'line 3: not an Intel HEX record'
grep -v '^:00000001FF' fw.hex >short.hex
refused "no end record" 'firmware: short.hex' 'without an end record'
refused "beyond the flash" 'firmware: { file: fw.bin, at: 0x080fff00 }' 'are too many: flash ends at 0x080fffff'
head -c 1100000 /dev/zero >large.img
refused "a dump that is too large" 'flash: { file: large.img }' 'is not a file of up to'

# an empty part starts its boot loader, which waits
run_part 'flash: { file: empty.img, keep: true }'
is "an empty part waits in its boot loader: exit code" "$RC" 0
is "and its file is whole" "$(wc -c <empty.img)" 1049728
done_testing

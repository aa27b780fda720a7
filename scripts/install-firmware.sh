#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Called by `meson install`: install-firmware.sh FROM DEST copies the firmware the examples name, and
# what the machines stm32wb55 and st33 have in their ROMs, and CPU2's firmware (`cpu2: builtin`).
set -eu
from=$1
to=${DESTDIR:-}$2
{
    echo stm32wb55-bootrom.elf
    echo st33-recovery.elf
    echo cpu2.elf
    sed -n 's/.*\bfirmware: *\([A-Za-z0-9_-]*\.elf\).*/\1/p' "$MESON_SOURCE_ROOT"/examples/*.yaml
} | sort -u |
    while read -r elf; do
        [ -f "$from/$elf" ] || continue
        [ -n "${MESON_INSTALL_QUIET:-}" ] || echo "Installing $from/$elf to $to"
        mkdir -p "$to"
        cp -f "$from/$elf" "$to/"
    done

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Called by `meson install`: install-qemu.sh QEMU_DIR DEST copies the patched QEMUs.
set -eu
from=$1
to=${DESTDIR:-}$2
[ -n "$from" ] || exit 0
for program in "$from"/qemu-system-*; do
    if ! [ -f "$program" ] || ! [ -x "$program" ]; then
        continue
    fi
    mkdir -p "$to"
    [ -n "${MESON_INSTALL_QUIET:-}" ] || echo "Installing $program to $to"
    # a running QEMU keeps its old file
    cp -f --remove-destination "$program" "$to/"
done

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The machine st33: what each program of tests/firmware/st33/ checks, and that it does the same twice.
# `ST33="mmu flash" tests/e2e/st33.sh` runs those two only.
# timeout: 900
. "$(dirname "$0")/lib.sh"

SOURCES=$TOP/tests/firmware/st33

# manifest PROGRAM [MACHINE] - a program that needs more than a lone instance has one of its own
manifest() {
    if [ -f "$SOURCES/$1.yaml" ]; then
        cat "$SOURCES/$1.yaml"
        return
    fi
    cat <<END
orrery: 1
name: st33-$1
clock: { seed: 1, for: 3600s }
instances:
  a:
    machine: ${2:-st33}
    firmware: st33-$1.elf
    icount: 4
    semihosting: true
    args: [@TAP@]
END
}

for test_name in blocks card flash fuzz fuzz_long hello iart mmu pager pager_long update; do
    case ${ORRERY_FULL:-}$test_name in fuzz_long | pager_long) continue ;; esac
    case " ${ST33:-$test_name} " in *" $test_name "*)
        manifest "$test_name" >"$SCRATCH/manifest"
        program "$test_name" <"$SCRATCH/manifest"
        case $test_name in mmu | pager*)
            manifest "$test_name" st33-p256 >"$SCRATCH/manifest"
            program "$test_name, pages of 256 bytes" <"$SCRATCH/manifest"
            ;;
        esac
        ;;
    esac
done
done_testing

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The machine stm32wb55: what each program of tests/firmware/wb55/ checks, and that it does the same
# twice. `WB55="usart dma" tests/e2e/wb55.sh` runs those two only.
# timeout: 3600
. "$(dirname "$0")/lib.sh"

SOURCES=$TOP/tests/firmware/wb55

for source in "$SOURCES"/*.c; do
    test_name=$(basename "$source" .c)
    case $test_name in test | blink | button | oled | typed | bench_* | hunt_*) continue ;; esac
    case ${ORRERY_FULL:-}$test_name in fuzz_long) continue ;; esac
    case " ${WB55:-$test_name} " in *" $test_name "*)
        program_manifest wb55 "$test_name" stm32wb55 >"$SCRATCH/manifest"
        program "$test_name" <"$SCRATCH/manifest"
        ;;
    esac
done
done_testing

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The machine st33: what each program of tests/firmware/st33/ checks, and that it does the same twice.
# `ST33="mmu flash" tests/e2e/st33.sh` runs those two only.
# timeout: 900
. "$(dirname "$0")/lib.sh"

for test_name in blocks card crypto flash fuzz fuzz_long hello iart mmu mmu_hostile pager pager_long update; do
    case ${ORRERY_FULL:-}$test_name in fuzz_long | pager_long) continue ;; esac
    case " ${ST33:-$test_name} " in *" $test_name "*)
        case $test_name in mmu_hostile) more=,ram-size=512K ;; *) more= ;; esac
        program_manifest st33 "$test_name" "\"st33$more\"" >"$SCRATCH/manifest"
        program "$test_name" <"$SCRATCH/manifest"
        case $test_name in mmu* | pager*)
            program_manifest st33 "$test_name" "\"st33-p256$more\"" >"$SCRATCH/manifest"
            program "$test_name, pages of 256 bytes" <"$SCRATCH/manifest"
            ;;
        esac
        ;;
    esac
done
done_testing

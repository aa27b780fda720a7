#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# CPU1 beside our CPU2 firmware: what each program of tests/firmware/ble/ that has a manifest checks,
# and that it does the same twice. `BLE="boot" tests/e2e/ble.sh` runs that one only.
# timeout: 1200
. "$(dirname "$0")/lib.sh"

for manifest in "$TOP"/tests/firmware/ble/*.yaml; do
    test_name=$(basename "$manifest" .yaml)
    case " ${BLE:-$test_name} " in *" $test_name "*) program "$test_name" <"$manifest" ;; esac
done
done_testing

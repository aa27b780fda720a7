#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# examples/ble-pair.yaml: what its mailboxes carried is readable by tshark (its dialogue is in examples.sh). And
# eight devices that advertise and scan: ten virtual seconds within a minute.
# timeout: 300
. "$(dirname "$0")/lib.sh"

sed "s|^attach:|&\n  - { port: client.hci, to: file, path: $SCRATCH/client.pcapng }|" \
    "$EXAMPLES/ble-pair.yaml" >"$SCRATCH/pair.yaml"
run_timeout "$(full 100 500)" "$ORRERY" run "$SCRATCH/pair.yaml" --trace-hash
is "the run ends with success" "$RC" 0
if command -v tshark >/dev/null; then
    # as root it says that this could be dangerous
    tshark -r "$SCRATCH/client.pcapng" -T fields -e bthci_evt.code -e bthci_evt.le_meta_subevent \
        2>/dev/null >"$SCRATCH/events"
    vendor=$(grep -c '^0xff' "$SCRATCH/events")
    check "tshark: the vendor events are 1,000 notifications and some" test "$vendor" -ge 1000
    at_most "tshark: the vendor events" "$vendor" 1050
    is "tshark: one connection" "$(grep -c '^0x3e.0x01' "$SCRATCH/events")" 1
    is "tshark: one disconnection" "$(grep -c '^0x05' "$SCRATCH/events")" 1
else
    skip "tshark reads the capture" "no tshark here"
fi

BEACONS=$TOP/tests/bench/ble-beacons.yaml
from=$(seconds)
run_timeout "$(full 60 500)" "$ORRERY" run "$BEACONS" --trace-hash
at_most "eight devices, sixteen QEMUs, ten virtual seconds" \
    "$(awk -v a="$from" -v b="$(seconds)" 'BEGIN { print b - a }')" "$(loaded 60)" s
is "each heard the seven others" "$RC" 0
cp "$OUT" "$SCRATCH/first"
run_timeout "$(full 60 500)" "$ORRERY" run "$BEACONS" --trace-hash --jitter 3
is "again with --jitter: the same trace" "$(hash_in "$OUT")" "$(hash_in "$SCRATCH/first")"
done_testing

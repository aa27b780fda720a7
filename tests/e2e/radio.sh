#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The radio of CPU2 (three of them, without CPU1) and its medium: times to the microsecond, channels, CRC, collisions, power, losses
# by a seed; and the same again with --jitter.
. "$(dirname "$0")/lib.sh"

# manifest PROGRAM LINK… - three radios; what they print goes to $SCRATCH/NODE.tap.
manifest() {
    echo "orrery: 1"
    echo "clock: { seed: 1, for: 60s }"
    echo "instances:"
    for node in a:0 b:1 c:2; do
        cat <<END
  ${node%:*}:
    machine: stm32wb55-cpu2
    firmware: dual-$1-${node#*:}.elf
    semihosting: true
    args: [-chardev, 'file,id=tap,path=$SCRATCH/${node%:*}.tap', -semihosting-config, 'enable=on,target=native,chardev=tap']
END
    done
    echo "links:"
    shift
    printf '  - { radio: [a.radio, b.radio, c.radio]%s }\n' "$*"
}

# The lines of one node as TAP.
verdicts() {
    program_verdicts "$1" "$SCRATCH/$1.tap"
    check "$1: ends by itself" grep -q '^END .*, 0 failures' "$SCRATCH/$1.tap"
}

results() { cat "$SCRATCH/a.tap" "$SCRATCH/b.tap" "$SCRATCH/c.tap"; }

# twice NAME: $SCRATCH/NAME.yaml with and without --jitter
twice() {
    run_timeout 120 "$ORRERY" run "$SCRATCH/$1.yaml" --trace-hash
    is "$1: ends well" "$RC" 0
    [ "$RC" -eq 0 ] || diag_file "$ERR"
    for node in a b c; do verdicts "$node"; done
    results >"$SCRATCH/$1.first"
    cp "$OUT" "$SCRATCH/$1.out"
    run_timeout 120 "$ORRERY" run "$SCRATCH/$1.yaml" --trace-hash --jitter 3
    is "$1: again with --jitter: the same trace" "$(hash_in "$OUT")" "$(hash_in "$SCRATCH/$1.out")"
    results >"$SCRATCH/$1.second"
    check "$1: again with --jitter: the same results" cmp -s "$SCRATCH/$1.first" "$SCRATCH/$1.second"
}

manifest radio ', pairs: [{ between: [b.radio, c.radio], path_db: 85 }]' >"$SCRATCH/radio.yaml"
twice radio

manifest radio_loss ', loss: 0.05' >"$SCRATCH/loss.yaml"
twice loss
missed() { sed -n 's/^# which //p' "$SCRATCH/$1.tap"; }
is "both listeners counted" "$(missed b | wc -l)$(missed c | wc -l)" 11
check_not "two listeners miss different packets" [ "$(missed b)" = "$(missed c)" ]
first=$(missed b)
manifest radio_loss ', loss: 0.05, seed: 2' >"$SCRATCH/seed.yaml"
run_timeout 120 "$ORRERY" run "$SCRATCH/seed.yaml"
is "with another seed: ends well" "$RC" 0
check_not "with another seed: other packets" [ "$(missed b)" = "$first" ]

# cpu2/'s controller on that radio: scan, two connections, procedures, 2M, encryption, data both ways;
# and what Wireshark makes of what is in the air.
manifest controller ", capture: $SCRATCH/air.pcapng" >"$SCRATCH/controller.yaml"
twice controller
decode() { tshark -r "$SCRATCH/air.pcapng" "$@" 2>>"$ERR"; }
if command -v tshark >/dev/null; then
    is "nothing in the air is malformed" "$(decode -Y _ws.malformed)" ""
    decode -T fields -e _ws.col.Info >"$SCRATCH/air"
    for pdu in ADV_IND SCAN_REQ SCAN_RSP CONNECT_IND 'Empty PDU' 'L2CAP Fragment Start' LL_VERSION_IND LL_FEATURE_REQ \
        LL_FEATURE_RSP LL_LENGTH_REQ LL_LENGTH_RSP LL_CONNECTION_UPDATE_IND LL_CHANNEL_MAP_IND LL_PHY_REQ LL_PHY_RSP \
        LL_PHY_UPDATE_IND LL_ENC_REQ LL_ENC_RSP LL_START_ENC_REQ; do
        check "Wireshark sees $pdu" grep -q "$pdu" "$SCRATCH/air"
    done
else
    skip "tshark reads what is in the air" "no tshark here"
fi

# The same where three packets in ten are lost.
manifest controller ', loss: 0.3' >"$SCRATCH/lossy.yaml"
twice lossy
done_testing

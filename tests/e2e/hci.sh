#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Bluetooth in tshark: HCI of CPU2, captured from the mailbox as btsnoop and pcapng, and what is on the air.
# And HCI as H4 on a pty: CPU2 as another host's controller.
. "$(dirname "$0")/lib.sh"

# ---- capture: what a firmware with the vendor's mailbox code and CPU2 say to each other ----

# manifest FILE - ble-boot, captured to FILE
manifest() {
    cat <<END
orrery: 1
name: hci
clock: { seed: 1, for: 60s }
instances:
  mcu: { machine: stm32wb55, firmware: ble-boot.elf, cpu2: builtin, semihosting: true }
attach:
  - { port: mcu.hci, to: file, path: $1 }
END
}

# One line a packet: time, type, direction, opcode of a command, code and opcode of an event.
packets() {
    tshark -r "$1" -T fields -e frame.time_epoch -e hci_h4.type -e hci_h4.direction \
        -e bthci_cmd.opcode -e bthci_evt.code -e bthci_evt.opcode 2>>"$ERR"
}

have_tshark=$(command -v tshark)
for format in btsnoop pcapng; do
    manifest "$SCRATCH/x.$format" >"$SCRATCH/x.yaml"
    run_timeout 120 "$ORRERY" run "$SCRATCH/x.yaml" --trace-hash
    is "$format: the run ends well" "$RC" 0
    hash_in "$OUT" >"$SCRATCH/$format.hash"
    [ -z "$have_tshark" ] || packets "$SCRATCH/x.$format" >"$SCRATCH/$format.txt"
done
is "the format of the file is nothing that the ensemble sees" "$(cat "$SCRATCH/btsnoop.hash")" \
    "$(cat "$SCRATCH/pcapng.hash")"
cp "$SCRATCH/x.pcapng" "$SCRATCH/first.pcapng"
run_timeout 120 "$ORRERY" run "$SCRATCH/x.yaml" --trace-hash --jitter 5
is "again with --jitter: the same trace" "$(hash_in "$OUT")" "$(cat "$SCRATCH/pcapng.hash")"
check "again with --jitter: the same file" cmp -s "$SCRATCH/x.pcapng" "$SCRATCH/first.pcapng"

decoded() {
    for format in btsnoop pcapng; do
        lines=$SCRATCH/$format.txt
        # the first is an event of CPU2's: ready; the time is the run's
        check "$format: begins with the ready event" sh -c "head -n 1 $lines | grep -qE '^1577836800.[0-9]+	0x04	0x01		0xff'"
        # HCI_Reset from the host, and its Command Complete
        check "$format: HCI_Reset" grep -qE '	0x01	0x00	0x0c03		' "$lines"
        check "$format: its Command Complete" grep -qE '	0x04	0x01		0x0e	0x0c03' "$lines"
        # SHCI_C2_BLE_INIT on the system channel, and its answer
        check "$format: a system command" grep -qE '	0x01	0x00	0xfc66		' "$lines"
        check "$format: its answer" grep -qE '	0x04	0x01		0x0e	0xfc66' "$lines"
        is "$format: every command has one answer" "$(grep -cE '	0x01	0x00	' "$lines")" \
            "$(grep -cE '	0x04	0x01		0x0[ef]' "$lines")"
        check "$format: in the order of time" sort -c -n -k 1,1 "$lines"
    done
    is "both formats hold the same packets" "$(cut -f 2- "$SCRATCH/btsnoop.txt" | cksum)" \
        "$(cut -f 2- "$SCRATCH/pcapng.txt" | cksum)"
    is "nothing in them is malformed" \
        "$(tshark -r "$SCRATCH/x.pcapng" -Y '_ws.malformed' 2>/dev/null | wc -l)" 0
}
if [ -n "$have_tshark" ]; then
    decoded
else
    skip "tshark decodes the captures" "tshark is not installed"
fi

# ---- the air: two devices find each other, connect and talk ----

air() {
    sed -e "s|path_db: 55|&, capture: $SCRATCH/air.pcapng|" -e 's/for: 120s/for: 300ms/' "$EXAMPLES/ble-pair.yaml" \
        >"$SCRATCH/air.yaml"
    run_timeout 120 "$ORRERY" run "$SCRATCH/air.yaml" --trace-hash "$@"
}
# seen NAME FILTER - one packet or more of this kind
seen() { check "the air: $1" [ "$(tshark -r "$SCRATCH/air.pcapng" -Y "$2" 2>>"$ERR" | wc -l)" -gt 0 ]; }
air
is "the air: the run ends well" "$RC" 0
hash_in "$OUT" >"$SCRATCH/air.hash"
if [ -n "$have_tshark" ]; then
    seen "advertising" 'btle.advertising_header.pdu_type == 0x00'
    seen "scan request" 'btle.advertising_header.pdu_type == 0x03'
    seen "connection" 'btle.advertising_header.pdu_type == 0x05'
    seen "ATT: a write" 'btatt.opcode == 0x12'
    seen "ATT: a notification" 'btatt.opcode == 0x1b'
    is "the air: every CRC is right, nothing is malformed" \
        "$(tshark -r "$SCRATCH/air.pcapng" -Y '_ws.malformed || btle.crc.incorrect' 2>/dev/null | wc -l)" 0
else
    skip "tshark decodes the air" "tshark is not installed"
fi
cp "$SCRATCH/air.pcapng" "$SCRATCH/air.first"
air --jitter 7
is "the air: again with --jitter: the same trace" "$(hash_in "$OUT")" "$(cat "$SCRATCH/air.hash")"
check "the air: again with --jitter: the same file" cmp -s "$SCRATCH/air.pcapng" "$SCRATCH/air.first"

# ---- H4: another host, here some octets through socat ----

# One CPU2 alone, one beside a CPU1 that boots it and then has no say; between them the air.
cat >"$SCRATCH/h4.yaml" <<END
orrery: 1
clock: { seed: 1, pace: 5 }
instances:
  alone: { machine: stm32wb55-cpu2, firmware: cpu2.elf }
  mcu: { machine: stm32wb55, firmware: ble-idle.elf, cpu2: builtin, semihosting: true }
links:
  - { radio: [alone.radio, mcu.radio] }
attach:
  - { port: alone.hci, to: pty }
  - { port: mcu.hci, to: pty }
END
start_run h4 "$SCRATCH/h4.yaml"
alone=$RUN_DIR/alone.hci.pty
mcu=$RUN_DIR/mcu.cpu2.hci.pty
check "H4: the ports are ptys" wait_for 10 [ -e "$alone" -a -e "$mcu" ]

# ask PTY OCTETS… (printf) [SECONDS] - what comes back in that time, in hexadecimal
ask() {
    # shellcheck disable=SC2059 # that is the format
    printf "$2" | timeout 20 socat -t "${3:-0.7}" - "$1,raw,echo=0" | od -An -v -tx1 | tr -d ' \n'
}
is "H4: HCI_Reset is answered" "$(ask "$alone" '\001\003\014\000')" 040e0401030c00
is "H4: beside CPU1, too" "$(ask "$mcu" '\001\003\014\000')" 040e0401030c00
is "H4: two commands in one write" "$(ask "$alone" '\001\003\014\000\001\005\020\000' | cut -c 1-28)" \
    040e0401030c00040e0b01051000
is "H4: a vendor's command is unknown" "$(ask "$alone" '\001\146\374\000')" 040e040166fc01
is "H4: rubbish is answered by a hardware error, and HCI_Reset finds back" \
    "$(ask "$alone" 'rubbish\001\003\014\000')" 04100101040e0401030c00

# LE Set Advertising Data ("hi"), LE Set Advertising Enable; events of LE, LE Set Scan Enable
data=$(printf '\\000%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27)
is "H4: advertising" "$(ask "$alone" "\\001\\010\\040\\040\\004\\003\\011hi$data\\001\\012\\040\\001\\001")" \
    040e0401082000040e04010a2000
ask "$mcu" '\001\001\014\010\377\377\377\377\377\377\377\077\001\014\040\002\001\001' 2 >"$SCRATCH/scan"
check "H4: scanning" grep -q '^040e0401010c00040e04010c2000' "$SCRATCH/scan"
# ADV_IND, every 1.28 s, from a public address, 4 octets of data, the name, -60 dBm
check "H4: the one hears the other" grep -qE '043e10020100 *00[0-9a-f]{12}0403096869c4' "$SCRATCH/scan"
"$ORRERY" down --run "$RUN" >/dev/null 2>&1
finish 10 "$PID"
is "H4: taken down" "$RC" 3
done_testing

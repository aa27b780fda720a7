#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The wallet of examples/wallet.yaml, and with a phone: a bad line, resets, a refusal, and what its screen shows. The
# dialogue is in the examples' tests (examples.sh).
. "$(dirname "$0")/lib.sh"


# A bad line: characters that are refused and sent again, thousands of exchanges; what is broken ends it.
storm() {
    sed -e 's/wallet-se.elf/wallet-storm.elf/' -e "s/baud: 921600/baud: 921600, corrupt: $1/" \
        -e "s/for: 4s/for: $(full 12s 200s)/" -e "s/at: 2s/at: 1s/; s/at: 3s/at: $(full 10s 190s)/" \
        "$EXAMPLES/wallet.yaml" >"$SCRATCH/storm.yaml"
    run_timeout 500 "$ORRERY" run "$SCRATCH/storm.yaml" --trace-hash
}
storm 0.01
is 'a storm on a bad line: ends well' "$RC" 0
exchanges=$(sed -n 's/.*mcu: off, after \([0-9]*\) exchanges.*/\1/p' "$OUT")
check "the dialogue holds over $exchanges exchanges" test "${exchanges:-0}" -ge "$(full 9000 100000)"
storm_hash=$(hash_in "$OUT")
storm 0.01
is 'again: the same trace' "$(hash_in "$OUT")" "$storm_hash"

# The secure element is reset by the MCU's button at any moment, and comes back.
{
    sed -e 's/wallet-se.elf/wallet-storm.elf/' -e '/^inputs:/q' "$EXAMPLES/wallet.yaml"
    seq 0 9 | sed 's/.*/  - { at: 1.&13&57s, click: mcu.gpio.PC4, for: 3ms }/'
    echo '  - { at: 3s, click: se.gpio.0 }'
} >"$SCRATCH/resets.yaml"
run_timeout 120 "$ORRERY" run "$SCRATCH/resets.yaml"
is 'ten resets of the secure element: ends well' "$RC" 0
is 'and each time it comes back' "$(grep -c 'printf: app started' "$OUT")" 11
contains 'and is there in the end' "$OUT" 'mcu: off'

# A phone, whose request is refused.
sed -e 's/at: 5s, click: se.gpio.1/at: 5s, click: se.gpio.0/' "$EXAMPLES/wallet-phone.yaml" >"$SCRATCH/no.yaml"
run_timeout 120 "$ORRERY" run "$SCRATCH/no.yaml"
contains 'the left button: no' "$OUT" 'phone: refused'

# Each alone: its line is a pty, and of its other links a line says that nobody is there.
alone() {
    run_timeout 60 "$ORRERY" run "$EXAMPLES/$1.yaml" --only "$2" --for 200ms --pace 0
    is "--only $2: ends well" "$RC" 0
    is "--only $2: its links" "$(grep -v ' starting' "$ERR" | sed 's|/dev/pts/[0-9]*|PTY|; s/^orrery: //' | sort | paste -s -d,)" "$3"
}
# shellcheck disable=SC2016 # no command
alone wallet se 'se.gpio.RST is open; `orrery reset se` resets it,se.serial0 is at PTY'
# shellcheck disable=SC2016 # no command
alone wallet-phone mcu \
    'mcu.cpu2.radio is alone on its medium,mcu.gpio.PC12 is open; `orrery button mcu.gpio.PC12` drives it,mcu.serial0 is at PTY'
contains 'the MCU alone begins' "$OUT" 'SE < 01 session start'

# The secure element alone, and we are its MCU.
heard() { od -An -v -tx1 "$SCRATCH/heard" | tr -d ' \n' | grep -q "$1"; }
check 'the secure element alone' start_paused alone "$EXAMPLES/wallet.yaml" --only se --for 1000s --pace 0
PTY=$(grep -o '/dev/pts/[0-9]*' "$SCRATCH/alone.err" | head -n 1)
stty -F "$PTY" raw -echo
cat "$PTY" >"$SCRATCH/heard" &
LISTENER=$!
"$ORRERY" until 1.0s --run "$RUN" >/dev/null
printf '\001\000\001\000' >"$PTY"
"$ORRERY" resume --run "$RUN"
check 'answers a session start on its pty: ticker interval, status' wait_for 20 heard '^4e00020064.*6000020000$'
kill "$LISTENER"
"$ORRERY" down --run "$RUN" >/dev/null
finish 20 "$PID"

# A viewer that asks once for all pixels (RFB 3.3: version, shared, request), and waits for them.
pixels_came() { [ "$(wc -c <"$SCRATCH/rfb")" -ge 32768 ]; }
viewer() {
    : >"$SCRATCH/rfb"
    {
        printf 'RFB 003.003\n\001\003\000\000\000\000\000\000\200\000\100'
        wait_for 20 pixels_came
    } | timeout 25 socat -t 1 - "UNIX-CONNECT:$RUN_DIR/se.vnc" >"$SCRATCH/rfb"
    od -An -v -tx1 -w1 "$SCRATCH/rfb" | tr -d ' ' >"$SCRATCH/rfb.bytes"
}

check 'a run in real time' start_paused wallet "$EXAMPLES/wallet.yaml" --pace 1 --vnc se --trace-hash
contains 'it says where its display is' "$SCRATCH/wallet.err" "se's display is at $RUN_DIR/se.vnc"
picture se wallet-start 1.500000000
picture se wallet-pressed 2.500000000
viewer
is 'a viewer is told the size' "$(sed -n '17,20p' "$SCRATCH/rfb.bytes" | tr '\n' ' ')" '00 80 00 40 '
check 'a viewer sees lit pixels' test "$(grep -cv 00 "$SCRATCH/rfb.bytes")" -ge 1000
"$ORRERY" resume --run "$RUN"
finish 30 "$PID"
is 'it ends' "$RC" 0
run_timeout 60 "$ORRERY" run "$EXAMPLES/wallet.yaml" --trace-hash
is 'with a viewer: the same trace' "$(hash_in "$SCRATCH/wallet.out")" "$(hash_in "$OUT")"

sed 's/seed: 1,/seed: 1, pace: 4,/' "$EXAMPLES/wallet-phone.yaml" >"$SCRATCH/phone.yaml"
check 'the phone again' start_paused phone "$SCRATCH/phone.yaml"
picture se wallet-request 4.500000000
"$ORRERY" resume --run "$RUN"
finish 30 "$PID"
is 'it ends' "$RC" 0
done_testing

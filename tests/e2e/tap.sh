#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# orrery tap: what a link carries, seen from a second terminal, and a run that does not notice.
. "$(dirname "$0")/lib.sh"

pair stream stream_tx stream_rx >/dev/null
sed "s/seed: 1, for: 30s/seed: 1, for: 30s, pace: 0.2/" "$SCRATCH/stream.yaml" >"$SCRATCH/paced.yaml"
run_timeout 60 "$ORRERY" run "$SCRATCH/stream.yaml" --trace-hash
is 'without a tap' "$RC" 0
untapped=$(hash_in "$OUT")

# From before the first byte: everybody is stopped at once.
check 'a run' start_paused paced "$SCRATCH/paced.yaml" --trace-hash
run=$PID
"$ORRERY" tap a.serial0 --run "$RUN" --to "$SCRATCH/frames" &
tap=$!
check 'a tap' wait_for 20 grep -q 'memfd:orrery' "/proc/$tap/maps"
run_timeout 10 "$ORRERY" tap b.serial0 --run "$RUN"
is 'a second tap of the same link: exit code' "$RC" 3
contains 'and one line' "$ERR" 'b.serial0 has a tap already'
run_timeout 10 "$ORRERY" tap a.serial7 --run "$RUN"
contains 'a port that is not there' "$ERR" "no wire ends at 'a.serial7'"
run_timeout 10 "$ORRERY" tap a.serial0 --decode morse --run "$RUN"
is 'a decoding that is not there: exit code' "$RC" 2
resume
finish 60 "$run"
is 'with a tap' "$RC" 0
is 'the same trace' "$(hash_in "$SCRATCH/paced.out")" "$untapped"
RC=0
wait "$tap" || RC=$?
is 'the tap ends with the run' "$RC" 0
seen=$(grep -c '^\[.*a\.serial0 > b\.serial0' "$SCRATCH/frames")
check "it saw what came after the pause ($seen frames)" test "$seen" -ge 2000
# back to back, a frame every 86.8 us
is 'and missed none' "$(grep 'a\.serial0 > b' "$SCRATCH/frames" | tr -d '[]' |
    awk 'NR > 1 && $1 - last > 0.0000870 { n++ } { last = $1 } END { print n + 0 }')" 0
check 'each with its time and direction' grep -qE '^\[  0\.[0-9]{9}\] a\.serial0 > b\.serial0 \| [0-9a-f]{2}' "$SCRATCH/frames"
check 'in order' sort -c -s -k 2,2n "$SCRATCH/frames"

# A tap that is killed does not hold the run up.
check 'another run' start_paused again "$SCRATCH/paced.yaml" --trace-hash
run=$PID
"$ORRERY" tap a.serial0 --run "$RUN" --to "$SCRATCH/killed" &
tap=$!
wait_for 20 grep -q 'memfd:orrery' "/proc/$tap/maps"
timeout 60 "$ORRERY" until 10ms --run "$RUN" >"$SCRATCH/until"
wait_for 20 test -s "$SCRATCH/killed"
kill -STOP "$tap"
timeout 2 "$ORRERY" until 200ms --run "$RUN" >"$SCRATCH/until" # a full ring may hold it up
kill -KILL "$tap"
resume
finish 60 "$run"
is 'a tap that stops reading and is killed: the run goes on' "$RC" 0
is 'and is the same' "$(hash_in "$SCRATCH/again.out")" "$untapped"

# A dialogue, decoded.
check 'the wallet' start_paused wallet "$EXAMPLES/wallet.yaml"
run=$PID
"$ORRERY" tap se.serial0 --decode seproxyhal --run "$RUN" >"$SCRATCH/dialogue" &
wait_for 20 grep -q 'memfd:orrery' "/proc/$!/maps"
resume
finish 60 "$run"
is 'it ends' "$RC" 0
wait_for 5 grep -q 'device off' "$SCRATCH/dialogue"
for line in 'mcu.serial0 > se.serial0 | 0e ticker' 'se.serial0 > mcu.serial0 | 60 general status 00 00' \
    'se.serial0 > mcu.serial0 | 5f printf: right button' 'se.serial0 > mcu.serial0 | 4b device off'; do
    contains "decoded: $line" "$SCRATCH/dialogue" "$line"
done

# A card and its terminal: answer to reset, another rate, commands, a reset in the middle of one.
# The terminal, who holds the card in reset, waits until the tap is there.
sed -e 's/@TAP@//' -e 's/machine: stm32wb55/machine: stm32wb55\n    gdb: wait/' "$TOP/tests/firmware/st33/card.yaml" >"$SCRATCH/card.yaml"
check 'a card' start_run card "$SCRATCH/card.yaml" --trace-hash
run=$PID
"$ORRERY" tap card.serial0 --decode 7816 --run "$RUN" --to "$SCRATCH/card.dialogue" &
tap=$!
wait_for 20 grep -q 'memfd:orrery' "/proc/$tap/maps"
"$ORRERY" qmp terminal cont --run "$RUN" >/dev/null
finish 100 "$run"
is 'it ends' "$RC" 0
wait "$tap"
for line in 'ATR 3b 96 96 40 01 4f 72 72 65 72 79: direct convention, F/D 512/32, "Orrery"' \
    'terminal.serial0 > card.serial0 | PPS request ff 10 96 79: T=0, F/D 512/32' \
    'card.serial0 > terminal.serial0 | PPS answer ff 10 96 79: T=0, F/D 512/32' \
    'PPS answer ff 00 ff: T=0' 'command: CLA 80 INS 14 P1 00 P2 00 P3 05' 'SW 6c3c' \
    'procedure byte: 14, ACK: all bytes' 'procedure byte: ed, ACK: one byte' \
    'procedure byte: 60, NULL: it needs more time' 'so far: 80 80 80' 'SW 9000'; do
    contains "decoded: $line" "$SCRATCH/card.dialogue" "$line"
done
is 'decoded: four NULL bytes in each session' "$(grep -c NULL "$SCRATCH/card.dialogue")" 12
done_testing

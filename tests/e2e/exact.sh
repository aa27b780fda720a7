#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A frame sent at t arrives at t + its latency, to the nanosecond: by the guests' own timers, and by
# QEMU's trace events.
# timeout: 120
. "$(dirname "$0")/lib.sh"

FRAME=86806 # ns: ten bits at 115200 baud, rounded up

# With a trace of all frames of each instance in $SCRATCH/NAME.trace.
traced() {
    sed "s|\(^  \([ab]\): .*\) }|\1, args: [-trace, orrery_port_*, -D, $SCRATCH/\2.trace] }|" "$1" >"$SCRATCH/traced.yaml"
}

# sent INSTANCE - a line a frame on serial0: data, when written, when it arrives; came: data, when.
sent() { sed -n 's/.*orrery_port_tx serial0: \(0x..\) at \([0-9]*\) arrives \([0-9]*\).*/\1 \2 \3/p' "$SCRATCH/$1.trace"; }
came() { sed -n 's/.*orrery_port_rx serial0: \(0x..\) at \([0-9]*\).*/\1 \2/p' "$SCRATCH/$1.trace"; }

# pairs FROM TO - both side by side: data, written, arrives, data, came.
pairs() {
    sent "$1" >"$SCRATCH/sent"
    came "$2" >"$SCRATCH/came"
    paste -d ' ' "$SCRATCH/sent" "$SCRATCH/came"
}

# matched FROM TO LATE [MISSING] - each frame came when it had to, at most LATE ns later; all but at
# most MISSING, which were under way at the end.
matched() {
    pairs "$1" "$2" | awk -v late="$3" -v missing="${4:-0}" '
        NF == 3 && missing-- > 0 { next }
        NF != 5 || $1 != $4 || $5 < $3 || $5 > $3 + late { bad = 1; print "# " $0 }
        END { exit bad || NR < 50 }'
}

# serialised FROM FRAME - arrival = max(written, the arrival before) + one frame.
serialised() {
    sent "$1" | awk -v frame="$2" '
        {
            start = $2 > end ? $2 : end
            end = start + frame
            if ($3 != end) { bad = 1; print "# " $0 ", not " end }
        }
        END { exit bad || NR < 50 }'
}

# In the guests: "tx I byte B at N ns" and "rx I byte B in A..Z ns".
by_their_timers() {
    sed -n 's/^\[.*| tx \([0-9]*\) byte \([0-9]*\) at \([0-9]*\) ns$/\1 \2 \3/p' "$OUT" >"$SCRATCH/sent"
    sed -n 's/^\[.*| rx \([0-9]*\) byte \([0-9]*\) in \([0-9]*\)\.\.\([0-9]*\) ns$/\1 \2 \3 \4/p' "$OUT" >"$SCRATCH/came"
    paste -d ' ' "$SCRATCH/sent" "$SCRATCH/came" | awk -v frame=$FRAME '
        NF != 7 || $1 != $4 || $2 != $5 || $3 + frame < $6 || $3 + frame > $7 || $7 - $6 > 5 {
            bad = 1
            print "# " $0
        }
        END { exit bad || NR != 100 }'
}

# The guest's times and the trace's differ by a constant: when its timer was started.
by_one_constant() {
    sed -n 's/^\[.*| tx [0-9]* byte [0-9]* at \([0-9]*\) ns$/\1/p' "$OUT" >"$SCRATCH/told"
    sent a | paste -d ' ' - "$SCRATCH/told" | awk '
        { offset = $2 - $4 }
        NR == 1 { first = offset }
        offset != first || NF != 4 { bad = 1; print "# " $0 }
        END { exit bad || NR != 100 }'
}

latency() {
    run_timeout 60 "$ORRERY" run "$SCRATCH/traced.yaml" --trace-hash ${1:+$1} ${2:+"$2"}
    as="latency${1:+, }$*"
    is "$as: exit code" "$RC" 0
    check "$as: 100 bytes, each sent and received when it had to, by the guests' own timers" by_their_timers
    check "$as: the guest's times are the trace's" by_one_constant
    check "$as: in the trace each takes one frame" serialised a $FRAME
    check "$as: a sleeper is woken at that very nanosecond" matched a b 0
    is "$as: the hash is that of a run without a trace" "$(hash_in "$OUT")" "$plain_hash"
    rm -f "$SCRATCH"/*.trace
}

busy_receivers() {
    traced "$(pair spin spin_send spin_send)"
    run_timeout 60 "$ORRERY" run "$SCRATCH/traced.yaml" --for 1s
    is "busy: exit code" "$RC" 0
    check "busy: each frame takes one frame, a to b" serialised a $FRAME
    check "busy: each frame takes one frame, b to a" serialised b $FRAME
    check "busy: taken at the first instruction from its arrival, a to b" matched a b 15 2
    check "busy: taken at the first instruction from its arrival, b to a" matched b a 15 2
    rm -f "$SCRATCH"/*.trace
}

back_to_back() {
    traced "$(pair stream stream_tx stream_rx)"
    run_timeout 60 "$ORRERY" run "$SCRATCH/traced.yaml"
    is "stream: exit code" "$RC" 0
    is "stream: all bytes" "$(sent a | wc -l) $(came b | wc -l)" "10000 10000"
    check "stream: a frame begins when the one before has ended" serialised a $FRAME
    check "stream: and comes when it ends" matched a b 15
    rm -f "$SCRATCH"/*.trace
}

other_format() {
    sed 's/baud: 115200/baud: 9600, format: 8E2/' "$(pair slow latency_tx latency_rx)" >"$SCRATCH/9600.yaml"
    traced "$SCRATCH/9600.yaml"
    run_timeout 60 "$ORRERY" run "$SCRATCH/traced.yaml"
    check "9600 8E2: each takes twelve bits" serialised a 1250000
    check "9600 8E2: and comes then" matched a b 0
}

manifest=$(pair latency latency_tx latency_rx)
run_timeout 60 "$ORRERY" run "$manifest" --trace-hash
plain_hash=$(hash_in "$OUT")
traced "$manifest"
latency
latency --jitter 5
latency --turns
busy_receivers
back_to_back
other_format
done_testing

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What people do by hand: start an instance themselves, type into a terminal, talk over TCP, read a
# file; and the pace of a run that people take part in.
# timeout: 120
. "$(dirname "$0")/lib.sh"

# Talks back: byte after byte, as long as they count up from 1.
echo_manifest() {
    cat >"$SCRATCH/$1.yaml" <<END
orrery: 1
name: $1
clock: { seed: 1, for: 30s }
instances:
  lm3s:
    { machine: lm3s6965evb, firmware: pingpong_b.elf, semihosting: true,
      args: [-trace, orrery_port_framing, -D, $SCRATCH/lm3s.trace] }
  l475:
    { machine: b-l475e-iot01a, firmware: pingpong_b_l475.elf, semihosting: true,
      args: [-trace, orrery_port_framing, -D, $SCRATCH/l475.trace] }
attach:
  - { port: lm3s.serial0, to: $2 }
  - { port: l475.serial0, to: $2 }
  - { port: lm3s.serial1, to: stdout }
  - { port: l475.serial1, to: stdout }
END
    echo "$SCRATCH/$1.yaml"
}

# counting FROM TO - these bytes; as od shows them.
counting() { awk -v from="$1" -v to="$2" 'BEGIN { for (i = from; i <= to; i++) printf "\\%03o", i }' | xargs -0 printf '%b'; }
shown() { od -An -v -tu1 | tr -s ' \n' ' '; }
expected() { seq -s ' ' "$1" "$2" | sed 's/.*/ & /'; }
where_is() { ps_run ".ports[] | select(.port == \"$1\") | .where"; }

# type_into PTY FROM TO - and what comes back, at once or within two seconds.
type_into() {
    exec 7<>"$1"
    counting "$2" "$3" >&7
    timeout 2 head -c $(($3 - $2 + 1)) <&7 | shown
    exec 7>&-
}

forming() { RUN_DIR=$(find "$SCRATCH/r" -mindepth 2 -maxdepth 2 -name "*-$PID") && RUN=${RUN_DIR##*/} &&
    [ "$(ps_run '"\(.state) \([.instances[] | select(.name == "ping") | .pid] | length)"')" = "forming 1" ]; }

# pong's QEMU is not started by the launcher, but by us, from the line that --dry-run prints.
by_hand() {
    run_timeout 30 "$ORRERY" run "$EXAMPLES/uart-pair.yaml" --trace-hash
    cp "$OUT" "$SCRATCH/reference"
    printf '#!/bin/sh\nexec sleep 1000\n' >"$SCRATCH/none"
    chmod +x "$SCRATCH/none"
    sed 's/\(pong: {.*\) }/\1, qemu: none }/' "$EXAMPLES/uart-pair.yaml" >"$SCRATCH/hand.yaml"
    start hand "$ORRERY" run "$SCRATCH/hand.yaml" --trace-hash
    check "by hand: the run waits for it" wait_for 20 forming
    run_timeout 10 "$ORRERY" run "$EXAMPLES/uart-pair.yaml" --dry-run
    grep 'name=pong,' "$OUT" | sed "s|$SCRATCH/r/[^/]*/uart-pair/|$RUN_DIR/|g" >"$SCRATCH/command"
    RC=0
    timeout 60 sh "$SCRATCH/command" >"$SCRATCH/pong.out" 2>&1 || RC=$?
    is "by hand: exit code of that QEMU" "$RC" 0
    finish 20 "$PID"
    is "by hand: exit code of the run" "$RC" 0
    is "by hand: the same output and hash" "$(cat "$SCRATCH/hand.out")" "$(cat "$SCRATCH/reference")"
}

terminals() {
    start_run pty "$(echo_manifest pty pty)" --log "$SCRATCH/logs"
    for port in lm3s.serial0 l475.serial0; do
        pty=$(where_is $port)
        check "pty: $port has one" test -c "$pty"
        is "pty: its link in the run directory" "$(readlink "$RUN_DIR/$port.pty")" "$pty"
        contains "pty: and stderr names it" "$SCRATCH/pty.err" "$port is at $pty"
        is "pty: $port: set to the link's baud rate" "$(stty -F "$pty" speed)" 115200
        is "pty: $port: what is typed comes back" "$(type_into "$pty" 1 20)" "$(expected 1 20)"
    done
    is "pty: all of it is in input.log" "$(grep -c ' lm3s.serial0 ' "$SCRATCH/logs/input.log")" 20
    wrong_baud
    timeout 10 "$ORRERY" down "$RUN"
    finish 10 "$PID"
}

# typed_wrongly PORT SETTING NAME - a terminal set like this is not understood, and set back it is.
typed_wrongly() {
    pty=$(where_is "$1")
    stty -F "$pty" "$2"
    is "$3: nothing comes back" "$(type_into "$pty" 21 30)" ""
}

wrong_baud() {
    typed_wrongly lm3s.serial0 9600 "lm3s, terminal at 9600 baud"
    check "lm3s: framing errors" grep -q 'orrery_port_framing serial0: frame of 9600 baud, set to 115200' \
        "$SCRATCH/lm3s.trace"
    is "lm3s: one for each byte" "$(grep -c orrery_port_framing "$SCRATCH/lm3s.trace")" 10
    stty -F "$pty" 115200
    is "lm3s, at 115200 baud again: what is typed comes back" "$(type_into "$pty" 21 40)" "$(expected 21 40)"
    typed_wrongly l475.serial0 57600 "l475, terminal at 57600 baud"
    check "l475: framing errors" grep -q 'orrery_port_framing serial0: frame of 57600 baud' "$SCRATCH/l475.trace"
    stty -F "$pty" 115200
    is "l475, at 115200 baud again: what is typed comes back" "$(type_into "$pty" 21 40)" "$(expected 21 40)"
}

clients() {
    start_run tcp "$(echo_manifest tcp tcp)"
    address=$(where_is lm3s.serial0)
    is "tcp: on loopback" "${address%:*}" 127.0.0.1
    is "tcp: what is sent comes back" \
        "$({ counting 1 20 && sleep 1; } | timeout 10 socat - "TCP:$address" | shown)" "$(expected 1 20)"
    is "tcp: from a second client as well" \
        "$({ counting 21 30 && sleep 1; } | timeout 10 socat - "TCP:$address" | shown)" "$(expected 21 30)"
    is "orrery console on it" \
        "$({ counting 31 40 && sleep 1; } | timeout 10 "$ORRERY" console --run "$RUN" lm3s.serial0 | shown)" \
        "$(expected 31 40)"
    run_timeout 10 "$ORRERY" console --run "$RUN" lm3s.serial1
    is "orrery console of a port that is stdout: exit code" "$RC" 2
    timeout 10 "$ORRERY" down "$RUN"
    finish 10 "$PID"
    is "tcp: the run ends" "$RC" 3
}

files() {
    sed "s|pong.serial1, to: stdout|pong.serial1, to: file, path: $SCRATCH/pong.txt|" \
        "$EXAMPLES/uart-pair.yaml" >"$SCRATCH/file.yaml"
    run_timeout 30 "$ORRERY" run "$SCRATCH/file.yaml" --trace-hash
    is "file: exit code" "$RC" 0
    is "file: holds what the port sent" "$(tr -d '\r' <"$SCRATCH/pong.txt")" \
        "$(sed -n 's/^\[.*\] pong.serial1 | //p' "$SCRATCH/reference")"
    contains_not "file: and stdout does not" "$OUT" pong.serial1
    is "file: the same hash" "$(hash_in "$OUT")" "$(hash_in "$SCRATCH/reference")"
}

# paced NAME LEAST MOST OPTION… - a run with a terminal takes so long.
paced() {
    name=$1
    least=$2
    most=$3
    shift 3
    from=$(seconds)
    run_timeout 30 "$ORRERY" run "$SCRATCH/pty.yaml" "$@"
    took=$(echo "$(seconds) $from" | awk '{ print $1 - $2 }')
    is "$name: exit code" "$RC" 0
    at_most "$name: not before its time" "$least" "$took" s
    at_most "$name: and not long after" "$took" "$(loaded "$most")" s
}

by_hand
terminals
clients
files
paced "a run of 2 s with a terminal" 2 5 --for 2s
paced "a run of 500 ms with a terminal" 0.5 3.5 --for 500ms
paced "twice as fast as real time" 1 4 --for 2s --pace 2
paced "as fast as it goes" 0 3 --for 20s --pace 0
done_testing

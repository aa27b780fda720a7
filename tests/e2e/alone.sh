#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The guest is alone: QEMU's main loop does not touch it. Neither 1,000 guest resets nor monitors
# that never stop asking, stopping and continuing leave a trace in the hash.
# timeout: 180
. "$(dirname "$0")/lib.sh"

qmp_commands() {
    printf '{"execute":"%s"}\n' qmp_capabilities
    while :; do
        printf '{"execute":"%s"}\n' stop query-status x-orrery-time query-cpus-fast cont query-status
        for command in 'info registers' 'xp /16wx 0x20000000' 'info mtree -f' 'info chardev'; do
            printf '{"execute":"human-monitor-command","arguments":{"command-line":"%s"}}\n' "$command"
        done
    done
}

hmp_commands() {
    while :; do
        printf '%s\n' 'info registers' stop 'xp /8x 0x20000000' 'info status' cont x-orrery-time
    done
}

# Ask the monitors of $RUN's instances all the time, as fast as they answer, until they go away.
traffic() {
    for instance in $(ps_run '.instances[].name'); do
        qmp_commands 2>/dev/null | socat - "UNIX-CONNECT:$RUN_DIR/$instance.qmp" \
            >"$SCRATCH/$instance.qmp" 2>/dev/null &
        hmp_commands 2>/dev/null | socat - "UNIX-CONNECT:$RUN_DIR/$instance.hmp" \
            >"$SCRATCH/$instance.hmp" 2>/dev/null &
    done
}

# Before the run goes on: a short one on a busy host would be over before the first question.
has_answered() { [ "$(cat "$SCRATCH"/*.qmp 2>/dev/null | grep -c '"return"')" -ge "$1" ]; }

# undisturbed NAME MANIFEST [OPTION…] - its output is what all later runs must print.
undisturbed() {
    name=$1
    shift
    run_timeout 60 "$ORRERY" run "$@" --trace-hash
    cp "$OUT" "$SCRATCH/$name.reference"
    is "$name, undisturbed: exit code" "$RC" 0
    check "$name, undisturbed: a hash" test -n "$(hash_in "$OUT")"
}

# disturbed NAME LEAST MANIFEST [OPTION…] - under traffic of at least so many answers.
disturbed() {
    name=$1
    least=$2
    manifest=$3
    shift 3
    run_as="$name, under monitor traffic${1:+, }$*"
    start_paused traffic "$manifest" --trace-hash "$@"
    traffic
    wait_for 60 has_answered "$least" || diag "no traffic"
    resume
    finish 100 "$PID"
    is "$run_as: exit code" "$RC" 0
    is "$run_as: the same output and hash" "$(cat "$SCRATCH/traffic.out")" \
        "$(cat "$SCRATCH/$name.reference")"
    answers=$(cat "$SCRATCH"/*.qmp | grep -c '"return"')
    check "$run_as: $answers answers, $least at least" test "$answers" -ge "$least"
    check "$run_as: it did stop" grep -q '"status": "paused"' "$SCRATCH"/*.qmp
    rm -f "$SCRATCH"/*.qmp "$SCRATCH"/*.hmp
}

resets() {
    manifest=$(pair resets reset reset)
    undisturbed resets "$manifest"
    for instance in a b; do
        check "resets: $instance: 500 by watchdog, 500 by request" grep -q \
            "$instance.serial1 | reset: 1000 resets, 500 by watchdog, 500 by request, 0 unexpected" "$OUT"
    done
    for options in '--jitter 7' '--jitter 8' --turns '--turns --jitter 9'; do
        # shellcheck disable=SC2086 # words
        run_timeout 60 "$ORRERY" run "$manifest" --trace-hash $options
        is "resets, $options: the same output and hash" "$(cat "$OUT")" "$(cat "$SCRATCH/resets.reference")"
    done
    hogs "$(nproc)"
    run_timeout 100 "$ORRERY" run "$manifest" --trace-hash
    no_hogs
    is "resets, loaded: the same output and hash" "$(cat "$OUT")" "$(cat "$SCRATCH/resets.reference")"
    disturbed resets 30 "$manifest" --pace 0.5
    # each stop costs a turn: some hundreds of them, or all
    set -- --turns --for "$(full 100ms 30s)"
    undisturbed 'resets in turns' "$manifest" "$@"
    disturbed 'resets in turns' 30 "$manifest" --pace 0.5 "$@"
}

# The main loop writes to the guest's memory while it runs: lib.sh has us strict about that.
from_outside() {
    cat >"$SCRATCH/outside.yaml" <<END
orrery: 1
clock: { seed: 1, for: 1000s }
instances:
  a:
    machine: lm3s6965evb
    firmware: sleep.elf
    args: [-qtest, "unix:$SCRATCH/qtest,server=on,wait=off", -qtest-log, none]
END
    start_run outside "$SCRATCH/outside.yaml" --pace 1
    echo 'writel 0x20000000 1' | timeout 10 socat -t 5 - "UNIX-CONNECT:$SCRATCH/qtest" >"$OUT" 2>&1
    finish 30 "$PID"
    is "a write from outside the vCPU thread ends the run: exit code" "$RC" 3
    contains "a write from outside the vCPU thread: and says so" "$SCRATCH/outside.err" \
        "a write to memory from outside the vCPU thread"
}

# Some are over in no time: a pace gives the monitors theirs, and must not change anything either.
undisturbed uart-pair "$EXAMPLES/uart-pair.yaml"
disturbed uart-pair 30 "$EXAMPLES/uart-pair.yaml" --pace 0.2
undisturbed trio "$EXAMPLES/trio.yaml"
disturbed trio 30 "$EXAMPLES/trio.yaml" --pace 0.3
spin=$(pair spin spin_send spin_send)
for=$(full 200ms 2.1s)
undisturbed spin "$spin" --for "$for"
disturbed spin 30 "$spin" --for "$for" --pace 0.1
disturbed spin 30 "$spin" --for "$for" --pace 0.1 --jitter 11
resets
from_outside
done_testing

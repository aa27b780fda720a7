#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two cores of a chip in two processes: litmus programs of tests/firmware/dual/ for HSEM, IPCC and shared
# SRAM give the same in every run; with gdb on one core, with resets, in turns, with ordered SRAM.
# timeout: 7200
. "$(dirname "$0")/lib.sh"

# litmus NAME [KEYS [CLOCK]] - a manifest for dual-NAME; CPU1's verdicts go to $SCRATCH/tap.
litmus() {
    cat >"$SCRATCH/$1.yaml" <<END
orrery: 1
name: dual-$1
clock: { seed: 1, for: ${3:-100s} }
instances:
  mcu:
    machine: stm32wb55
    firmware: dual-$1.elf
    args: [-chardev, 'file,id=tap,path=$SCRATCH/tap',
           -semihosting-config, 'enable=on,target=native,chardev=tap']
    cpu2: { firmware: dual-$1-cpu2.elf, args: [-d, guest_errors, -trace, $TRACE, -D, $SCRATCH/cpu2.log] }
    ${2:-}
attach:
  - { port: mcu.serial1, to: file, path: $SCRATCH/serial }
END
    echo "$SCRATCH/$1.yaml"
}
TRACE=orrery_leave
ORDERED='sram: { ordered: [0x20030000, 0x1000] }'

verdicts() {
    program_verdicts "$1" "$2"
    check "$1: all checks passed" grep -q '^END .*, 0 failures' "$2"
}

# run_litmus NAME MANIFEST OPTIONS… - once
run_litmus() {
    run_name=$1
    shift
    rm -f "$SCRATCH/tap" "$SCRATCH/serial"
    run_timeout "$(full 100 1000)" "$ORRERY" run "$@" --trace-hash
    [ "$RC" -eq 0 ] || diag "$run_name: exit code $RC" "$(cat "$ERR")"
    result="$(hash_in "$OUT") $(md5sum <"$SCRATCH/tap") $(cat "$SCRATCH/serial" 2>/dev/null)"
}

# same NAME [KEYS] - what the first run printed comes again under jitter and load, and in turns.
same() {
    manifest=$(litmus "$1" "${2:-}")
    run_litmus "$1" "$manifest"
    verdicts "$1" "$SCRATCH/tap"
    reference=$result
    differ=
    hogs 2
    for seed in $(seq "$(full 5 100)"); do
        run_litmus "$1" "$manifest" --jitter "$seed"
        [ "$result" = "$reference" ] || differ="$differ $seed"
    done
    no_hogs
    is "$1: the same in $(full 5 100) runs with jitter and load" "$differ" ""
    run_litmus "$1" "$manifest" --turns
    is "$1: the same in turns" "$result" "$reference"
}

# long NAME - a million times, and once more with jitter
long() {
    run_litmus "$1" "$(litmus "$1" '' 1000s)"
    verdicts "$1" "$SCRATCH/tap"
    reference=$result
    run_litmus "$1" "$(litmus "$1" '' 1000s)" --jitter 5
    is "$1: the same with jitter" "$result" "$reference"
}

# Whatever crosses between the cores arrives 5 us after it was sent, to the nanosecond, and is seen at
# the first instruction after that.
exact() {
    TRACE=orrery_deliver
    run_litmus exact "$(litmus ipcc)"
    TRACE=orrery_leave
    grep -o 'sent .*' "$SCRATCH/cpu2.log" | awk '
        { n++ } $4 - $2 != 5000 || $6 < $4 || $6 - $4 >= 250 { bad++ }
        END { print (n > 2000), bad + 0 }' >"$SCRATCH/exact"
    is "exact: CPU2 hears of everything at its time" "$(cat "$SCRATCH/exact")" "1 0"
}

# gdb on each core stops, steps and continues it amid the other's accesses; nothing changes.
in_gdb() {
    echo "$ORRERY" gdb --run "$RUN" "$1" -- -batch -nx -ex "'hbreak critical_section'" -ex continue \
        -ex "'stepi 300'" -ex "'continue 20'" -ex "'stepi 300'" -ex delete -ex detach
}

under_gdb() {
    run_litmus gdb "$(litmus hsem)"
    reference=$result
    rm -f "$SCRATCH/tap"
    start_run gdb "$(litmus hsem 'gdb: wait')" --trace-hash || not_ok "gdb: starts"
    run_pid=$PID
    start cpu2 sh -c "$(in_gdb mcu.cpu2)"
    gdb_pid=$PID
    run_timeout 100 sh -c "$(in_gdb mcu)"
    gdb_left "gdb on CPU1" "$ERR"
    contains "gdb on CPU1: it stopped there" "$OUT" "critical_section"
    finish 60 "$gdb_pid"
    gdb_left "gdb on CPU2" "$SCRATCH/cpu2.err"
    contains "gdb on CPU2: it stopped there" "$SCRATCH/cpu2.out" "critical_section"
    finish 60 "$run_pid"
    is "gdb: exit code of the run" "$RC" 0
    is "gdb: the same as an undisturbed run" \
        "$(hash_in "$SCRATCH/gdb.out") $(md5sum <"$SCRATCH/tap") $(cat "$SCRATCH/serial")" "$reference"
}

# A monitor that interrupts the cores again and again, also between two accesses of one instruction,
# which then begins anew.
interrupted() {
    run_litmus interrupted "$(litmus words "$ORDERED" 30ms)"
    reference=$result
    rm -f "$SCRATCH/tap"
    TRACE=orrery_ordered_abandon
    start_run interrupted "$(litmus words "$ORDERED" 30ms)" --trace-hash --pace 0.01 ||
        not_ok "interrupted: starts"
    run_pid=$PID
    for turn in $(seq 40); do
        [ $((turn % 2)) = 0 ] && instance=mcu || instance=mcu.cpu2
        timeout 20 "$ORRERY" qmp --run "$RUN" "$instance" stop >"$OUT" 2>&1 || break
        timeout 20 "$ORRERY" qmp --run "$RUN" "$instance" cont >"$OUT" 2>&1
    done
    finish 100 "$run_pid"
    TRACE=orrery_leave
    is "interrupted: exit code" "$RC" 0
    is "interrupted: the same as an undisturbed run" \
        "$(hash_in "$SCRATCH/interrupted.out") $(md5sum <"$SCRATCH/tap") $(cat "$SCRATCH/serial")" \
        "$reference"
    diag "$turn stops; $(grep -c abandon "$SCRATCH/cpu2.log") accesses begun anew"
}

# Firmware without a guard: in parallel it may do anything, but in turns, or with its SRAM ordered,
# it does the same each time; and --check-races names what the race has changed.
races() {
    ordered=$(litmus race "$ORDERED")
    run_litmus race "$ordered"
    verdicts "race, ordered" "$SCRATCH/tap"
    reference=$result
    for seed in 1 2 3; do
        run_litmus race "$ordered" --jitter "$seed"
        is "race, ordered: the same with jitter $seed" "$result" "$reference"
    done
    run_timeout 100 "$ORRERY" run "$ordered" --check-races
    is "race, ordered: --check-races: exit code" "$RC" 0
    contains "race, ordered: and it says so" "$ERR" "orrery: no race seen: "
    plain=$(litmus race)
    run_litmus race "$plain" --turns
    reference=$result
    run_litmus race "$plain" --turns --jitter 7
    is "race, in turns: the same twice" "$result" "$reference"
    run_timeout 100 "$ORRERY" run "$plain" --check-races
    is "race: --check-races: exit code" "$RC" 1
    contains "race: and it names a message" "$ERR" "orrery: race: mcu.serial1>broker, message "
    run_timeout 100 "$ORRERY" run "$(litmus race_guarded)" --check-races
    is "race, guarded: --check-races: exit code" "$RC" 0
}

for name in ${DUAL:-hsem ipcc queue race_guarded reset sev}; do
    same "$name"
done
same words "$ORDERED"
if [ -n "${ORRERY_FULL:-}" ]; then
    long hsem_long
    long ipcc_long
fi
exact
under_gdb
interrupted
races
done_testing

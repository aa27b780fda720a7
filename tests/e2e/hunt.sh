#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Mistakes in firmware that only some seeds bring about: a UART driver under a rare error of the line, and
# a semaphore that is not always taken. A matrix finds them, and the command that it prints
# stands there with gdb. --full: all of a thousand seeds.
# timeout: 900
. "$(dirname "$0")/lib.sh"

cd "$SCRATCH" || exit 3

# hunt NAME SCENARIO PART ALL SOME - finds the seeds: ALL of the thousand, SOME of those whose number
# begins like PART
hunt() {
    name=$1
    scenario=$TOP/tests/firmware/$2.test.yaml
    from=$(seconds)
    # shellcheck disable=SC2046 # words
    run_timeout "$(full 300 4000)" "$ORRERY" test "$scenario" -j 2 --timeout 6000s --results results $(full "-k seed=$3" '')
    diag "$name: $(grep '^# [0-9]* passed' "$OUT"), $(echo "$(seconds) $from" | awk '{ print $1 - $2 }') s"
    is "$name: exit code" "$RC" 1
    is "$name: the seeds that bring it about" \
        "$(sed -n 's/^not ok .*seed=\([0-9]*\)\].*/\1/p' "$OUT" | paste -s -d ' ')" "$(full "$5" "$4")"
    again=$(sed -n 's/^# again: orrery //p' "$OUT" | head -n 1)
    is "$name: how to see it again" "$again" "debug $scenario --case=$(full "$5" "${4%% *}")"
}

# caught NAME TEXT GDB-COMMAND… - where it failed, in gdb
caught() {
    name=$1
    text=$2
    shift 2
    for command; do
        shift
        set -- "$@" -ex "$command"
    done
    # shellcheck disable=SC2086 # words
    run_timeout 300 "$ORRERY" $again -- -batch -nx "$@"
    is "$name: gdb: exit code" "$RC" 1
    contains "$name: gdb: what went wrong is said" "$ERR" 'did not come; the last that came'
    check "$name: gdb: it stands where it was noticed" grep -q "$text" "$OUT"
    diag_file "$OUT" 6
}

hunt 'a UART driver' wb55/hunt_uart 10 "104 346" 104
if command -v gdb-multiarch >/dev/null; then
    caught 'a UART driver' 'wrong_number (number=42)' backtrace 'print driver' 'print last'
else
    skip 'gdb' 'gdb-multiarch is not here'
fi
hunt 'a race on HSEM' dual/hunt_hsem 13 "66 130 227 314 386 419 424 460 466 477 568 573 721 728 773 797 803 831 867 871 881 969 994 997 998" 130
if command -v gdb-multiarch >/dev/null; then
    caught 'a race on HSEM' 'judge (one=' backtrace 'print/d *(unsigned *)0x20030044'
else
    skip 'gdb' 'gdb-multiarch is not here'
fi
done_testing

# shellcheck shell=sh disable=SC2034
# SPDX-License-Identifier: Apache-2.0
#
# For tests/e2e/*.sh: TAP, time limits, a scratch directory, and the check that nothing is left.
# Each script starts with
#
#     #!/bin/sh
#     # SPDX-License-Identifier: Apache-2.0
#     # What it shows. (And, if 600 s are not its limit: "# timeout: SECONDS")
#     . "$(dirname "$0")/lib.sh"
#
# and ends with done_testing, which adds the checks that no process, run directory or shared
# memory file is left, and prints the plan. Run one by itself with `./bootstrap test NAME`.
#
# In the environment: orrery is in PATH (or $ORRERY), ORRERY_QEMU_DIR is set, and ORRERY_FULL is
# 1 for `./bootstrap test --full`. Runs of the script live in a private XDG_RUNTIME_DIR.
#
#   $TOP       the checkout          $SCRATCH   a directory that goes away
#   $EXAMPLES  examples/             $ORRERY    the program under test
#
#   ok NAME                          not_ok NAME [LINE…]          skip NAME REASON
#   check NAME COMMAND…              passes when the command does
#   check_not NAME COMMAND…          passes when it fails
#   is NAME GOT WANTED               strings are equal
#   at_most NAME GOT LIMIT [UNIT]    numbers, decimals allowed
#   contains NAME FILE TEXT          the file holds the fixed string; contains_not
#   run_timeout SECONDS COMMAND…     to the end: $RC (124: too long), $OUT and $ERR are files
#   start NAME COMMAND…              in the background: $PID; $SCRATCH/NAME.out and .err
#   finish SECONDS PID               wait for a background command: $RC (124: too long, killed)
#   wait_for SECONDS COMMAND…        until the command succeeds; fails when it never does
#   loaded N                         prints N, times how many want each core of the host: for bounds
#                                    in wall time; run_timeout, finish and wait_for have it built in
#   full SHORT LONG                  prints LONG under --full, else SHORT
#   seconds                          prints the monotonic clock, with hundredths
#
# Ensembles:
#
#   pair NAME FIRMWARE FIRMWARE [CLOCK [LINE…]]   a manifest of two lm3s6965evb, a and b, joined by
#                                    serial0, consoles on serial1: prints its path
#   hash_in FILE                     the trace hash that a run printed
#   start_run NAME MANIFEST [OPTION…]  `orrery run` in the background; waits until it runs: $PID,
#                                    $RUN (for --run), $RUN_DIR
#   start_paused NAME MANIFEST [OPTION…]  the same; everybody stands at 0 until `resume`: what has to be
#                                    there before the run is over must not race with it
#   resume                           $RUN
#   ps_run FILTER                    what `orrery ps --json` says of $RUN, through jq
#   pid_of INSTANCE                  of $RUN; also broker and launcher
#   lines PORT TEXT                  how often $RUN has said that on the port
#   said PORT TEXT N                 at least so often?
#   plus TIME NS                     the stamp of a line that much after TIME, both as Orrery prints them
#   picture INSTANCE NAME TIME       $RUN's display is then as in screenshot/NAME.txt, pixel by pixel;
#                                    in the directory ORRERY_KEEP_PICTURES is what was seen, as text
#   blink_and_sleep [CLOCK]          a manifest: mcu says something BANNER_NS after reset, and blinks;
#                                    idle says something SLEEPS_NS after reset, and sleeps for ever
#   hogs N; no_hogs                  load on the processors
#   program NAME                     run the manifest on standard input twice, the second time with
#                                    jitter: the verdicts of the program whose args are [@TAP@]
#                                    (tests/firmware/wb55/test.h) as TAP; trace and verdicts are the same
#   program_manifest FOLDER NAME MACHINE  such a manifest for tests/firmware/FOLDER/NAME.c
#   program_verdicts NAME FILE       such verdicts as TAP

TOP=$(cd "$(dirname "$0")/../.." && pwd -P)
EXAMPLES=$TOP/examples
ORRERY=${ORRERY:-$(command -v orrery || echo "$TOP/build/launch/orrery")}
# QEMU aborts when anything but its vCPU thread touches the guest while it runs.
export ORRERY_STRICT=1
export TOP EXAMPLES ORRERY

# Short: orrery takes another base for its runs when the paths of their sockets grow too long.
SCRATCH=$(mktemp -d /tmp/oe.XXXXXX) || exit 3
mkdir -m 700 "$SCRATCH/r"
export SCRATCH XDG_RUNTIME_DIR="$SCRATCH/r"
# Every process that comes from here carries this in its environment.
export ORRERY_E2E_ID="$SCRATCH"

OUT=$SCRATCH/out
ERR=$SCRATCH/err
RC=0
PID=
tap_count=0
tap_failed=0
tap_done=
shm_files() { find /dev/shm -mindepth 1 -iname '*orrery*' 2>/dev/null; }
shm_before=$(shm_files)

ok() {
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1"
}

not_ok() {
    tap_count=$((tap_count + 1))
    tap_failed=$((tap_failed + 1))
    echo "not ok $tap_count - $1"
    shift
    for tap_line; do
        diag "$tap_line"
    done
}

skip() {
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1 # SKIP $2"
}

diag() { printf '%s\n' "$1" | sed 's/^/# /'; }
diag_file() { tail -n "${2:-15}" "$1" 2>/dev/null | sed 's/^/#   /'; }

check() {
    check_name=$1
    shift
    if "$@"; then ok "$check_name"; else not_ok "$check_name" "failed: $*"; fi
}

check_not() {
    check_name=$1
    shift
    if "$@"; then not_ok "$check_name" "did not fail: $*"; else ok "$check_name"; fi
}

is() {
    if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got:    $2" "wanted: $3"; fi
}

at_most() {
    if awk -v got="$2" -v limit="$3" 'BEGIN { exit !(got + 0 <= limit + 0 && got != "") }'; then
        ok "$1 ($2 <= $3${4:+ $4})"
    else
        not_ok "$1" "got $2${4:+ $4}, limit $3${4:+ $4}"
    fi
}

contains() {
    if grep -qF -e "$3" "$2"; then
        ok "$1"
    else
        not_ok "$1" "no \"$3\" in the output, which ends:"
        diag_file "$2"
    fi
}

contains_not() {
    if grep -qF -e "$3" "$2"; then
        not_ok "$1" "\"$3\" is in the output:"
        grep -F -e "$3" "$2" | head -n 5 | sed 's/^/#   /'
    else
        ok "$1"
    fi
}

run_timeout() {
    run_limit=$1
    shift
    RC=0
    timeout --foreground -k 5 "$(loaded "$run_limit")" "$@" >"$OUT" 2>"$ERR" </dev/null || RC=$?
}

# setsid: a group of its own, with SIGINT at its default (a background command of a script would
# ignore it).
start() {
    start_name=$1
    shift
    setsid env --default-signal=INT,QUIT "$@" >"$SCRATCH/$start_name.out" 2>"$SCRATCH/$start_name.err" </dev/null &
    PID=$!
}

finish() {
    RC=0
    if wait_for "$1" gone "$2"; then
        wait "$2" || RC=$?
    else
        kill -KILL "-$2" 2>/dev/null || kill -KILL "$2" 2>/dev/null
        wait "$2" 2>/dev/null
        RC=124
    fi
}

# gdb_left NAME FILE - gdb (RC, its stderr in FILE) has done all. A run that ends before gdb has acknowledged
# the answer to its last command, detach, breaks its pipe.
gdb_left() {
    [ "$RC" -eq 1 ] && [ "$(grep -c . "$2")" -eq 1 ] && grep -q '^Remote communication error.*Broken pipe' "$2" && RC=0
    [ "$RC" -eq 0 ] || { diag_file "$2" 5 && diag_file "$OUT" 5; }
    is "$1: exit code of gdb" "$RC" 0
}

# Has the process ended (or is it a zombie that waits for us)?
gone() {
    case $(sed -n 's/^State:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null) in
        '' | Z* | X*) return 0 ;;
    esac
    return 1
}

wait_for() {
    wait_from=$(seconds)
    wait_limit=$1
    shift
    until "$@"; do
        [ "$(since "$wait_from" "$wait_limit")" = below ] || [ "$(since "$wait_from" "$(loaded "$wait_limit")")" = below ] ||
            return 1
        sleep 0.05
    done
}

# since FROM LIMIT - "below" while fewer seconds have passed
since() { awk -v from="$1" -v limit="$2" '{ print $1 - from < limit ? "below" : "above" }' /proc/uptime; }

loaded() {
    awk -v n="$1" -v cores="$(nproc)" '{
        split($4, tasks, "/")
        crowd = ($1 > tasks[1] ? $1 : tasks[1]) / cores
        printf "%.6g\n", n * (crowd > 1 ? crowd : 1)
    }' /proc/loadavg
}

# ---- ensembles ----

pair() {
    cat >"$SCRATCH/$1.yaml" <<END
orrery: 1
name: $1
clock: { seed: 1, for: 30s${4:+, $4} }
instances:
  a: { machine: lm3s6965evb, firmware: $2.elf, icount: 4, semihosting: true }
  b: { machine: lm3s6965evb, firmware: $3.elf, icount: 4, semihosting: true }
links:
  - { uart: [a.serial0, b.serial0], baud: 115200 }
attach:
  - { port: a.serial1, to: stdout }
  - { port: b.serial1, to: stdout }
END
    pair_file=$SCRATCH/$1.yaml
    [ $# -le 4 ] || { shift 4 && printf '%s\n' "$@" >>"$pair_file"; }
    echo "$pair_file"
}

hash_in() { sed -n 's/^trace-hash: //p' "$1"; }

start_run() {
    run_id=$1
    shift
    start "$run_id" "$ORRERY" run "$@"
    RUN=''
    RUN_DIR=''
    if ! wait_for 20 run_stands || [ -z "$RUN" ]; then
        diag "$run_id does not get going:"
        diag_file "$SCRATCH/$run_id.err"
        return 1
    fi
}

start_paused() { start_run "$@" --paused && wait_for 20 is_paused_or_gone && is_paused; }
is_paused() { [ "$(ps_run .state)" = paused ]; }
is_paused_or_gone() { is_paused || gone "$PID"; }
resume() { timeout 60 "$ORRERY" resume --run "$RUN"; }

# The run that $PID launched: its directory ends in its pid.
run_stands() {
    RUN_DIR=$(find "$SCRATCH/r" -mindepth 2 -maxdepth 2 -name "*-$PID" 2>/dev/null)
    RUN=${RUN_DIR##*/}
    gone "$PID" || { [ -n "$RUN" ] && ps_run .state | grep -qE 'running|paused|ended'; }
}

ps_run() {
    timeout 60 "$ORRERY" ps --json --run "$RUN" 2>/dev/null |
        jq -r --arg run "$RUN" ".[] | select(.run == \$run) | $1"
}

pid_of() {
    case $1 in
        launcher) echo "$PID" ;;
        broker) child_of "$PID" orrery-broker ;;
        *) child_of "$PID" "name=$1," ;;
    esac
}

# child_of PID TEXT - the child that has the text in its command line.
child_of() {
    { tr ' ' '\n' <"/proc/$1/task/$1/children" | while read -r child; do
        if tr '\0' ' ' <"/proc/$child/cmdline" | grep -qF -e "$2"; then
            echo "$child"
            break
        fi
    done; } 2>/dev/null
}

lines() { grep -cF "$(printf "%-12s" "$1") | $2" "$SCRATCH/$run_id.out"; }
said() { [ "$(lines "$1" "$2")" -ge "$3" ]; }
plus() { echo "$1 $2" | awk '{ split($1, t, "."); ns = t[2] + $2; printf "%3d.%09d", t[1] + int(ns / 1e9), ns % 1e9 }'; }

PNG_TEXT=$(dirname "$ORRERY")/../tests/tools/png-text
[ -x "$PNG_TEXT" ] || PNG_TEXT=$TOP/build/tests/tools/png-text

picture() {
    timeout 60 "$ORRERY" until "${3}s" --run "$RUN" >/dev/null
    run_timeout 10 "$ORRERY" screenshot "$1" "$SCRATCH/$2.png" --run "$RUN"
    is "$2: a screenshot, and when" "$RC $(cat "$OUT")" "0 $3"
    "$PNG_TEXT" "$SCRATCH/$2.png" >"$SCRATCH/$2.txt"
    if [ -n "${ORRERY_KEEP_PICTURES:-}" ]; then
        cp "$SCRATCH/$2.txt" "$ORRERY_KEEP_PICTURES"
    fi
    check "$2: every pixel" cmp -s "$SCRATCH/$2.txt" "$TOP/tests/e2e/screenshot/$2.txt"
}

BANNER_NS=2429875
SLEEPS_NS=2667694

blink_and_sleep() {
    cat <<END
orrery: 1
clock: { seed: 1${1:+, $1} }
instances:
  mcu: { machine: stm32wb55, firmware: wb55-blink.elf, icount: 4 }
  idle: { machine: lm3s6965evb, firmware: sleep.elf, icount: 4 }
links:
  - { uart: [mcu.serial1, idle.serial0] }
attach:
  - { port: mcu.serial0, to: stdout }
  - { port: idle.serial1, to: stdout }
END
}

hogs() {
    hog_pids=
    hog_count=0
    while [ "$hog_count" -lt "$1" ]; do
        sh -c 'while :; do :; done' &
        hog_pids="$hog_pids $!"
        hog_count=$((hog_count + 1))
    done
}

no_hogs() {
    # shellcheck disable=SC2086 # words
    { kill -KILL $hog_pids && wait $hog_pids; } 2>/dev/null
    hog_pids=
}

full() { if [ -n "${ORRERY_FULL:-}" ]; then echo "$2"; else echo "$1"; fi; }
seconds() { cut -d ' ' -f 1 /proc/uptime; }

# Processes that this script started and that are still there, one pid a line.
left_processes() {
    # without the mark on what looks for it
    # shellcheck disable=SC2016
    env -u ORRERY_E2E_ID sh -c 'grep -lsz -x "$1" /proc/[0-9]*/environ | cut -d / -f 3' - "ORRERY_E2E_ID=$SCRATCH"
}
none_left() { [ -z "$(left_processes)" ]; }

# Run directories of this script's runs.
left_runs() { find "$SCRATCH/r" -mindepth 2 -maxdepth 2 2>/dev/null; }
left_shm() { shm_files | grep -vxF -e "$shm_before"; }

# nothing_left NAME [SECONDS] - what must hold at any time when no run of the script is alive.
nothing_left() {
    if wait_for "${2:-2}" none_left; then
        ok "$1: no process is left"
    else
        not_ok "$1: no process is left"
        ps -o pid,ppid,stat,args -p "$(left_processes | paste -s -d ,)" | cut -c 1-150 | sed 's/^/#   /'
    fi
    is "$1: no run directory is left" "$(left_runs)" ""
    is "$1: no shared memory file is left" "$(left_shm)" ""
}

# A program that needs more than a lone instance has a manifest of its own.
program_manifest() {
    if [ -f "$TOP/tests/firmware/$1/$2.yaml" ]; then
        cat "$TOP/tests/firmware/$1/$2.yaml"
        return
    fi
    cat <<END
orrery: 1
name: $1-$2
clock: { seed: 1, for: 3600s }
instances:
  a:
    machine: $3
    firmware: $1-$2.elf
    icount: 4
    semihosting: true
    args: [@TAP@]
END
}

# What a program prints by semihosting goes to $SCRATCH/tap.
program_tap() {
    echo "-chardev, 'file,id=tap,path=$SCRATCH/tap', -semihosting-config, 'enable=on,target=native,chardev=tap'"
}

# The program's lines as TAP.
program_verdicts() {
    tr -d '\r' <"$2" >"$SCRATCH/lines"
    while read -r verdict text; do
        case $verdict in
            PASS) ok "$1: $text" ;;
            FAIL) not_ok "$1: $text" ;;
            \#) diag "$1: $text" ;;
        esac
    done <"$SCRATCH/lines"
}

program() {
    sed "s|@TAP@|$(program_tap)|" >"$SCRATCH/$1.yaml"
    : >"$SCRATCH/tap"
    run_timeout "$(full 100 500)" "$ORRERY" run "$SCRATCH/$1.yaml" --trace-hash
    mv "$SCRATCH/tap" "$SCRATCH/first"
    cp "$OUT" "$SCRATCH/first.out"
    program_verdicts "$1" "$SCRATCH/first"
    if [ "$RC" -eq 0 ] && grep -q '^END .*, 0 failures' "$SCRATCH/first"; then
        ok "$1: ends by itself"
    else
        not_ok "$1: ends by itself, with exit code 0" "exit code $RC"
        diag_file "$ERR"
        diag_file "$OUT"
    fi
    run_timeout "$(full 100 500)" "$ORRERY" run "$SCRATCH/$1.yaml" --trace-hash --jitter 3
    is "$1: again with --jitter: the same trace" "$(hash_in "$OUT")" "$(hash_in "$SCRATCH/first.out")"
    check "$1: again with --jitter: the same results" cmp -s "$SCRATCH/tap" "$SCRATCH/first"
}

done_testing() {
    nothing_left "at the end"
    tap_done=yes
    exit $((tap_failed > 0))
}

tap_exit() {
    tap_code=$?
    trap - EXIT
    # shellcheck disable=SC2046 # words
    kill -KILL $(left_processes) 2>/dev/null
    if [ -n "${ORRERY_KEEP:-}" ]; then
        echo "# kept: $SCRATCH"
    else
        rm -rf "$SCRATCH"
    fi
    [ -z "$tap_done" ] || echo "1..$tap_count"
    exit $tap_code
}
trap tap_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
trap 'exit 141' PIPE

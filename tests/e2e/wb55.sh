#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The machine stm32wb55: what each program of tests/firmware/wb55/ checks, and that it does the same
# twice. `WB55="usart dma" tests/e2e/wb55.sh` runs those two only.
# timeout: 3600
. "$(dirname "$0")/lib.sh"

SOURCES=$TOP/tests/firmware/wb55

# What a program prints by semihosting goes to $SCRATCH/tap. A program that needs more than a lone
# instance has a manifest of its own, with @TAP@ among the args of the instance that checks:
# args: [@TAP@]
tap_args() {
    echo "-chardev, 'file,id=tap,path=$SCRATCH/tap', -semihosting-config, 'enable=on,target=native,chardev=tap'"
}

manifest() {
    if [ -f "$SOURCES/$1.yaml" ]; then
        sed "s|@TAP@|$(tap_args)|" "$SOURCES/$1.yaml"
        return
    fi
    cat <<END
orrery: 1
name: wb55-$1
clock: { seed: 1, for: 3600s }
instances:
  a:
    machine: stm32wb55
    firmware: wb55-$1.elf
    icount: 4
    semihosting: true
    args: [$(tap_args)]
END
}

# The program's lines as TAP.
verdicts() {
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
    manifest "$1" >"$SCRATCH/$1.yaml"
    run_timeout "$(full 100 500)" "$ORRERY" run "$SCRATCH/$1.yaml" --trace-hash
    mv "$SCRATCH/tap" "$SCRATCH/first"
    cp "$OUT" "$SCRATCH/first.out"
    verdicts "$1" "$SCRATCH/first"
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

for source in "$SOURCES"/*.c; do
    test_name=$(basename "$source" .c)
    case $test_name in start | test | blink | bench_*) continue ;; esac
    case ${ORRERY_FULL:-}$test_name in fuzz_long) continue ;; esac
    case " ${WB55:-$test_name} " in *" $test_name "*) program "$test_name" ;; esac
done
done_testing

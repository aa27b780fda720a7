#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# run.sh [-n RUNS] - what the lockstep costs, as ratios against the same QEMU build without
# Orrery's member, measured in turn in the same run. Whole processes, start and end included.
# `./bootstrap bench` calls it with ORRERY_QEMU_DIR, ORRERY_BUILD and orrery in PATH.
set -eu

HERE=$(cd "$(dirname "$0")" && pwd -P)
BUILD=${ORRERY_BUILD:-$HERE/../../build}
FIRMWARE=$BUILD/tests/firmware
QEMU=$ORRERY_QEMU_DIR/qemu-system-arm
RUNS=5
case ${1:-} in
    -n) RUNS=$2 ;;
    '') ;;
    *) echo "usage: run.sh [-n RUNS]" >&2 && exit 2 ;;
esac

DIR=$(mktemp -d)
HOGS=
trap 'hogs_stop; rm -rf "$DIR"' EXIT
trap 'exit 3' INT TERM

hogs_start() {
    for _ in 1 2; do
        sh -c 'while :; do :; done' &
        HOGS="$HOGS $!"
    done
}

hogs_stop() {
    # shellcheck disable=SC2086 # words
    [ -z "$HOGS" ] || kill $HOGS 2>/dev/null || :
    HOGS=
}

# The same QEMUs at once, unlinked.
stock() { unlinked "$QEMU" "$@"; }

# As Debian builds it, without a patch of ours.
DEBIAN_QEMU=/usr/bin/qemu-system-arm
debian() { unlinked "$DEBIAN_QEMU" "$@"; }

unlinked() {
    program=$1
    shift
    pids=
    for elf; do
        "$program" -M lm3s6965evb -nodefaults -display none -seed 1 \
            -rtc base=2020-01-01T00:00:00,clock=vm -icount shift=4,align=off,sleep=off \
            -serial null -serial null -semihosting-config enable=on,target=gdb \
            -kernel "$FIRMWARE/$elf.elf" >"$DIR/stock.log" 2>&1 &
        pids="$pids $!"
    done
    for pid in $pids; do wait "$pid"; done
}

# stock_socket ELF - two stock QEMUs, ELF_a and ELF_b, with a Unix socket between them
stock_socket() {
    set -- "$DIR/socket.$$" "$1"
    rm -f "$1"
    server=server=on,wait=on
    pids=
    for elf in "$2_b" "$2_a"; do
        "$QEMU" -M lm3s6965evb -nodefaults -display none -seed 1 \
            -rtc base=2020-01-01T00:00:00,clock=vm -icount shift=4,align=off,sleep=off \
            -chardev "socket,id=link,path=$1,$server" -serial chardev:link -serial null \
            -semihosting-config enable=on,target=gdb \
            -kernel "$FIRMWARE/$elf.elf" >"$DIR/stock.log" 2>&1 &
        pids="$pids $!"
        server=server=off
        while [ ! -S "$1" ]; do :; done
    done
    for pid in $pids; do wait "$pid"; done
}

linked() { orrery run "$HERE/$1.yaml" >"$DIR/linked.log" 2>&1; }
linked_loaded() {
    hogs_start
    linked "$1"
    hogs_stop
}

# The wallet until its screen shows "Orrery", which the app says next: 38.2 ms of virtual time.
first_screen() {
    orrery run "$HERE/../../examples/wallet.yaml" --for 38179us >"$DIR/screen.log" 2>&1 &&
        grep -q 'app started' "$DIR/screen.log"
}

# seconds COMMAND… - wall time, with a meaningful exit code
seconds() {
    start=$(date +%s%N)
    "$@" || { cat "$DIR"/*.log >&2 && exit 3; }
    end=$(date +%s%N)
    echo "$start $end" | awk '{ printf "%.3f\n", ($2 - $1) / 1e9 }'
}

# spread FILE - "median (min to max)"
spread() {
    sort -n "$1" | awk '{ v[NR] = $1 }
        END { printf "%.3f (%.3f to %.3f)", v[int((NR + 1) / 2)], v[1], v[NR] }'
}

# compare NAME GOAL 'COMMAND A' 'COMMAND B' [inverse|TIMES] - A B A B…; the ratio pair by pair; A does
# one TIMES-th of B's work
compare() {
    : >"$DIR/a"
    : >"$DIR/b"
    : >"$DIR/ratio"
    i=0
    while [ "$i" -le "$RUNS" ]; do
        # shellcheck disable=SC2086 # words
        a=$(seconds $3)
        # shellcheck disable=SC2086
        b=$(seconds $4)
        # the first pair warms the caches
        if [ "$i" -gt 0 ]; then
            echo "$a" >>"$DIR/a"
            echo "$b" >>"$DIR/b"
            echo "$a $b ${5:-}" | awk '{ print ($3 == "inverse" ? $2 / $1 : $1 * ($3 ? $3 : 1) / $2) }' >>"$DIR/ratio"
        fi
        i=$((i + 1))
    done
    printf '%-52s %-9s %-26s %s s against %s s\n' "$1" "$2" "$(spread "$DIR/ratio")" \
        "$(spread "$DIR/a")" "$(spread "$DIR/b")"
}

# rate NAME COUNT UNIT COMMAND… - how long one of COUNT takes
rate() {
    rate_name=$1 rate_count=$2 rate_unit=$3
    shift 3
    : >"$DIR/a"
    i=0
    while [ "$i" -lt "$RUNS" ]; do
        seconds "$@" | awk -v n="$rate_count" '{ print $1 * 1e6 / n }' >>"$DIR/a"
        i=$((i + 1))
    done
    printf '%-52s %-9s %s %s\n' "$rate_name" '' "$(spread "$DIR/a")" "$rate_unit"
}

# speed NAME GOAL SECONDS COMMAND… - SECONDS of virtual time in how many of real time
speed() {
    speed_name=$1 speed_goal=$2 speed_seconds=$3
    shift 3
    : >"$DIR/a"
    i=0
    while [ "$i" -lt "$RUNS" ]; do
        seconds "$@" | awk -v n="$speed_seconds" '{ print n / $1 }' >>"$DIR/a"
        i=$((i + 1))
    done
    printf '%-52s %-9s %s times real time\n' "$speed_name" "$speed_goal" "$(spread "$DIR/a")"
}

echo "$(nproc) cores; medians of $RUNS runs (least to most); load $(cut -d ' ' -f 1 /proc/loadavg)"
echo
printf '%-52s %-9s %-26s %s\n' 'wall time, linked against unlinked' goal ratio 'linked against baseline'
compare 'busy pair, 86.8 us link' '<= 1.10' 'linked busy-pair' 'stock busy_long busy_long'
compare 'busy beside 1 ms ticks, against busy alone' '<= 1.35' 'linked busy-tick' 'stock busy_long'
compare 'busy beside a sleeper, against busy alone' '<= 1.03' 'linked busy-sleep' 'stock busy_long'
compare 'two asleep with 1 ms ticks: times faster' '>= 6' 'linked ticks' 'stock tick tick' inverse
compare 'busy pair beside 2 hogs, against unloaded' '<= 10' 'linked_loaded busy-pair' 'linked busy-pair'
if [ -x "$DEBIAN_QEMU" ]; then
    version=$("$DEBIAN_QEMU" --version | sed -n 's/.*version \([0-9.]*\).*/\1/p')
    compare "busy pair, against Debian's QEMU $version, unlinked" '<= 1' 'linked busy-pair' 'debian busy_long busy_long'
    compare "two asleep with ticks: times faster than Debian's" '>= 6' 'linked ticks' 'debian tick tick' inverse
else
    echo "Debian's own QEMU is not installed: not compared"
fi
rate 'ping-pong of one byte at 115200 baud' 20000 'us a message' linked pingpong
rate 'bytes one way, back to back at 115200 baud' 10000 'us a message' linked stream
compare 'stm32wb55: core, against olimex-stm32-h405' '<= 1.05' 'linked wb55-cpu' 'linked h405-cpu'
compare 'stm32wb55: an interrupt every 1,000 instructions' '<= 1.05' 'linked wb55-irq' 'linked h405-irq'
speed 'stm32wb55: asleep with 1 kHz ticks' '>= 300' 100 linked wb55-tick
rate 'stm32wb55: USART1 at 115200 baud by DMA' 100000 'us a frame (goal <= 2)' linked wb55-dma
speed 'stm32wb55: 8 (16 QEMUs) that advertise and scan' '>= 0.2' 12 linked ble-beacons
compare 'st33: code and data behind the MMU, against direct' '<= 1.05' 'linked st33-paged' 'linked st33-direct'
compare 'st33: pages of 256 bytes, against direct' '' 'linked st33-p256' 'linked st33-direct'
compare 'st33: MMIO callbacks, against the MMU: times slower' '>= 20' 'linked st33-callback' 'linked st33-paged' 8000
compare 'st33: data only by callbacks: times slower' '' 'linked st33-callback-data' 'linked st33-paged' 40
compare 'wallet: from command to first screen (38.2 ms)' '<= 2' first_screen 'stock busy_screen'
compare 'stm32wb55: CPU1 busy beside CPU2 asleep, against alone' '<= 1.03' 'linked dual-busy' 'linked dual-alone'
compare 'stm32wb55: both cores busy at 5 us, against CPU1 alone' '<= 1.8' 'linked dual-both' 'linked dual-alone'
compare 'stm32wb55: HSEM lock, against any other register' '<= 1.5' 'linked dual-locks' 'linked dual-plain'
rate 'stm32wb55: IPCC round trip, 64 bytes each way' 200000 'us (goal: a tenth of the next)' linked dual-ipcc
rate 'the same bytes, two stock QEMUs on a Unix socket' 1000 us stock_socket pingpong_block
rate 'one byte to and fro, two stock QEMUs on a Unix socket' 10000 us stock_socket pingpong
echo
"$BUILD/tests/bench/sync-bench"

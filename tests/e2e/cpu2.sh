#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The two cores of a stm32wb55, by tests/firmware/dual/pair_*.c: CPU2's start, shared memory, what is
# CPU2's alone, flash, clocks, events, low power, resets. And what the launcher makes of a pair.
# timeout: 300
. "$(dirname "$0")/lib.sh"

cd "$SCRATCH" || exit 3

# chip CPU2 [FOR [ARGS]] - a manifest of one chip
chip() {
    cat <<END
orrery: 1
name: cpu2
clock: { seed: 1, for: ${2:-100s} }
instances:
  mcu: { machine: stm32wb55, firmware: dual-pair.elf, cpu2: $1, semihosting: true, args: [${3-@TAP@}] }
END
}

chip dual-pair-cpu2.elf >manifest
program pair <manifest
chip '{ firmware: dual-pair-cpu2.elf, latency: 1us }' >manifest
program pair-1us <manifest

run_timeout 60 "$ORRERY" run "$EXAMPLES/dual.yaml"
is "examples/dual.yaml: exit code" "$RC" 0
contains "CPU2 speaks through CPU1" "$OUT" "CPU2: hello, I am the Cortex-M0+"
contains "until the end" "$OUT" "CPU1: bye"

# What the launcher makes of it.
chip dual-pair-cpu2.elf 10s '' >m.yaml
run_timeout 20 "$ORRERY" run --dry-run --only mcu m.yaml
is "--only keeps both cores" "$(grep -c 'shared=/proc/self/fd/3' "$OUT")" 2
run_timeout 20 "$ORRERY" run --dry-run --only mcu.cpu2 m.yaml
is "by the name of either" "$(grep -c 'name=mcu' "$OUT")" 2
chip none 10s '' >none.yaml
run_timeout 20 "$ORRERY" run --dry-run none.yaml
contains_not "none: one QEMU alone" "$OUT" 'shared='

bad() {
    run_timeout 20 "$ORRERY" run "$2"
    is "$1: exit code" "$RC" 2
    is "$1: one line" "$(wc -l <"$ERR")" 1
    check "$1: what: $(cut -c 1-120 "$ERR")" grep -qE "$2:5:[0-9]+: $3" "$ERR"
}
chip gone.elf 10s '' >m.yaml
bad "missing firmware" m.yaml "firmware 'gone.elf' not found"
chip dual-pair.elf 10s '' >m.yaml
bad "CPU1's place" m.yaml "firmware 'dual-pair.elf' and CPU1's firmware are both at 0x08000000"
head -c 300000 /dev/zero >big.bin
chip big.bin 10s '' >m.yaml
bad "too large" m.yaml "firmware 'big.bin' is not all in CPU2's memory"
chip '{ firmware: { file: big.bin, at: 0x08080010 } }' 10s '' >m.yaml
bad "not at a page" m.yaml "firmware 'big.bin' begins at 0x08080010: CPU2's part"

# Monitors, and death.
chip '{ firmware: dual-pair-cpu2.elf, gdb: wait }' 1000s '' >m.yaml
if start_run held m.yaml; then
    run_timeout 20 "$ORRERY" qmp --run "$RUN" mcu.cpu2 query-status
    contains "QMP of CPU2" "$OUT" prelaunch
    is "ps names both" "$(ps_run '.instances | map(.name) | join(" ")')" "mcu mcu.cpu2"
    "$ORRERY" qmp --run "$RUN" mcu.cpu2 cont >/dev/null 2>&1
    finish 60 "$PID"
    is "and it runs to its end" "$RC" 0
else
    not_ok "a run that waits for gdb at CPU2"
fi
# Each instance can be saved while the pair stands.
saved() { "$ORRERY" qmp --run "$RUN" "$1" query-migrate 2>/dev/null | grep -q completed; }
chip '{ firmware: dual-pair-cpu2.elf, gdb: wait }' 1000s '' >m.yaml
if start_run save m.yaml; then
    "$ORRERY" pause --run "$RUN" >/dev/null 2>&1
    "$ORRERY" qmp --run "$RUN" mcu.cpu2 cont >/dev/null 2>&1
    "$ORRERY" until 3ms --run "$RUN" >"$OUT" 2>&1
    check "the pair stands at 3 ms" grep -q '0\.003' "$OUT"
    for core in mcu mcu.cpu2; do
        "$ORRERY" qmp --run "$RUN" "$core" migrate "{\"uri\": \"file:$SCRATCH/$core.state\"}" >/dev/null 2>&1
        check "$core: saved" wait_for 20 saved "$core"
    done
    run_timeout 20 "$ORRERY" monitor --run "$RUN" mcu.cpu2 </dev/null
    is "monitor of CPU2" "$RC" 0
    "$ORRERY" down "$RUN" >/dev/null 2>&1
    finish 20 "$PID"
else
    not_ok "a run to be saved"
fi
chip '{ firmware: dual-pair-cpu2.elf, gdb: wait }' 1000s '' >m.yaml
if start_run dead m.yaml; then
    kill -KILL "$(pid_of mcu.cpu2)"
    finish 20 "$PID"
    is "CPU2's process killed: exit code" "$RC" 3
    contains "who died" "$SCRATCH/dead.err" mcu.cpu2
else
    not_ok "a run to be killed"
fi
if start_run dead1 m.yaml; then
    kill -KILL "$(pid_of mcu)"
    finish 20 "$PID"
    is "CPU1's process killed: exit code" "$RC" 3
    check "who died, the other" grep -q "mcu[^.]" "$SCRATCH/dead1.err"
else
    not_ok "another run to be killed"
fi
done_testing

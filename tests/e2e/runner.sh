#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# orrery test: scenarios with a matrix, side by side; what they expect comes at exact virtual times;
# failures are told, shown and come again; nothing is left after ^C. What passes: examples.sh.
. "$(dirname "$0")/lib.sh"

cd "$SCRATCH" || exit 3

# scenario NAME USES [LINE…] - writes NAME.test.yaml
scenario() {
    {
        echo "orrery: 1"
        echo "uses: $2"
    } >"$1.test.yaml"
    scenario_name=$1
    shift 2
    for line; do
        echo "$line" >>"$scenario_name.test.yaml"
    done
}

# test_of SECONDS ARGUMENT… - `orrery test`, results in $SCRATCH/results
test_of() {
    test_seconds=$1
    shift
    rm -rf results
    run_timeout "$test_seconds" "$ORRERY" test --results results "$@"
}

cat >echo.yaml <<END
orrery: 1
clock: { seed: 1 }
instances:
  a: { machine: lm3s6965evb, firmware: pingpong_b.elf, icount: 4, semihosting: true }
END

# ---- what passes ----

# A byte that is sent at t is echoed; what is sent then goes out at exactly 10 ms after the echo.
scenario echo echo.yaml 'port: a.serial0' 'steps:' \
    '  - { wait: 20ms }' \
    '  - { send: "01", hex: true }' '  - { expect: "01", hex: true, within: 1ms }' \
    '  - { send: "02", hex: true }' '  - { expect: "02", hex: true, within: 1ms }' \
    '  - { wait: 30ms }' \
    '  - { send: "03", hex: true }' '  - { expect: "03", hex: true, within: 1ms }'
run_timeout 60 "$ORRERY" run echo.test.yaml --log log --trace-hash
is "echo: exit code" "$RC" 0
reference=$(hash_in "$OUT")
for jitter in 3 4 5; do
    run_timeout 60 "$ORRERY" run echo.test.yaml --trace-hash --jitter $jitter
    is "echo, --jitter $jitter: the same run" "$(hash_in "$OUT")" "$reference"
done
# In turns an answer goes out at the end of a turn.
run_timeout 60 "$ORRERY" run echo.test.yaml --trace-hash --turns
in_turns=$(hash_in "$OUT")
run_timeout 60 "$ORRERY" run echo.test.yaml --trace-hash --turns --jitter 8
is "echo, --turns: exit code" "$RC" 0
is "echo, --turns: the same run" "$(hash_in "$OUT")" "$in_turns"
hogs "$(nproc)"
run_timeout 60 "$ORRERY" run echo.test.yaml --trace-hash
no_hogs
is "echo, loaded: the same run" "$(hash_in "$OUT")" "$reference"

# ---- memory, by symbol and address, and instructions ----

# An instance is asked at an exact time; what is asked in a row is asked at once; what follows an
# instruction happens when it begins. Big endian: a MIPS would say otherwise.
scenario memory "$EXAMPLES/stm32wb55.yaml" 'steps:' \
    '  - { memory: mcu.core_hz, is: 0 }' \
    '  - { until: { pc: mcu.test }, within: 10ms }' \
    '  - { memory: mcu.core_hz, is: 4000000 }' \
    '  - { until: { pc: mcu.irq_TIM2 } }' \
    '  - { memory: mcu.core_hz, is: 64000000 }' \
    '  - { until: { pc: mcu.irq_TIM2 } }' \
    '  - { resets: mcu, is: 0 }' \
    '  - { memory: mcu.0x08000000, is: "00 00 03 20", hex: true }' \
    '  - { memory: mcu.0x08000002, is: 0x2003, width: 2 }' \
    '  - { reset: mcu }' \
    '  - { wait: 1ms }' \
    '  - { resets: mcu, is: 1 }' \
    '  - { memory: mcu.failures, set: 77 }' \
    '  - { memory: mcu.failures+1, set: 1, width: 1 }' \
    '  - { memory: mcu.failures, is: 333 }'
run_timeout 60 "$ORRERY" run memory.test.yaml --trace-hash
is "memory: exit code" "$RC" 0
diag "$(cat "$ERR")"
reference=$(hash_in "$OUT")
for how in '--jitter 3' '--jitter 4'; do
    # shellcheck disable=SC2086
    run_timeout 60 "$ORRERY" run memory.test.yaml --trace-hash $how
    is "memory, $how: the same run" "$(hash_in "$OUT")" "$reference"
done
run_timeout 60 "$ORRERY" run memory.test.yaml --trace-hash --turns
is "memory, --turns: exit code" "$RC" 0
in_turns=$(hash_in "$OUT")
run_timeout 60 "$ORRERY" run memory.test.yaml --trace-hash --turns --jitter 5
is "memory, --turns: the same run" "$(hash_in "$OUT")" "$in_turns"

# differs STEP WHAT - memory.test.yaml's second half with another step fails so
differs() {
    scenario differs "$EXAMPLES/stm32wb55.yaml" 'steps:' '  - { wait: 20ms }' "  - $1"
    run_timeout 60 "$ORRERY" run differs.test.yaml
    is "differs: $1: exit code" "$RC" 1
    contains "differs: $1: told" "$ERR" "differs.test.yaml:5:5: $2"
}
differs '{ memory: mcu.core_hz, is: 5 }' \
    'mcu.core_hz (0x20000000): 5 (0x5) was meant; it is 64000000 (0x3d09000) (at 0.020000000)'
differs '{ memory: mcu.core_hz, is: "00 ff", hex: true }' 'mcu.core_hz (0x20000000): 00 ff was meant; it is 00 90'
differs '{ memory: mcu.0x60000000, is: 1 }' 'mcu.0x60000000: 4 bytes at 0x60000000 are not all memory'
differs '{ memory: mcu.0x2003fffe, is: 1 }' 'mcu.0x2003fffe: 4 bytes'
differs '{ memory: mcu.0x48000000, set: 1 }' 'mcu.0x48000000: 4 bytes'
differs '{ until: { pc: mcu.exc_NMI }, within: 5ms }' 'mcu: it has not come to exc_NMI (0x80'
differs '{ resets: mcu, is: 2 }' 'mcu: 2 resets were meant; there were 0'

# What a machine logs of its firmware's errors.
scenario errors "$EXAMPLES/stm32wb55.yaml" 'steps:' '  - { wait: 1ms }' '  - { guest_errors: mcu, is: 0 }'
run_timeout 60 "$ORRERY" run errors.test.yaml
is "no guest error: exit code" "$RC" 0
diag "$(cat "$ERR")"

scenario errors "$EXAMPLES/stm32wb55.yaml" 'instances: { mcu: { firmware: wb55-usart.elf } }' \
    'steps:' '  - { wait: 20ms }' '  - { guest_errors: mcu, is: 0 }'
run_timeout 60 "$ORRERY" run errors.test.yaml
is "a guest error: exit code" "$RC" 1
contains "a guest error: the first one is told" "$ERR" \
    "errors.test.yaml:6:5: mcu: 0 guest errors were meant; there were 1, the first: LPUART1: write of reserved offset"

# Counters of links, when everybody stands: the same in every run.
scenario counters "$EXAMPLES/stm32wb55.yaml" 'steps:' \
    '  - { at: 1us }' '  - { counter: sent, port: mcu.serial0, is: 0 }' \
    '  - { at: 3ms }' '  - { counter: sent, port: mcu.serial0, is: 23 }' \
    '  - { counter: dropped, port: mcu.serial0, is: 0 }'
run_timeout 60 "$ORRERY" run counters.test.yaml
is "counters: exit code" "$RC" 0
diag "$(cat "$ERR")"

# ---- selection ----

scenario many echo.yaml 'tags: [quick]' 'matrix:' '  seed: 1..12' '  a.icount: [4, 5]' \
    'port: a.serial0' 'steps: [ { send: "01", hex: true }, { expect: "01", hex: true } ]'
run_timeout 20 "$ORRERY" test . --list --tag quick
is "a matrix of 12 x 2" "$(wc -l <"$OUT")" 24
for i in 1 2 3 4 5; do
    "$ORRERY" test many.test.yaml --list --shard $i/5
done | sort >shards
sort "$OUT" | sed 's|^\./||' >all
check "five shards make the whole" cmp -s shards all
run_timeout 20 "$ORRERY" test . --list -k 'seed=12 a.icount=5'
is "-k takes one" "$(wc -l <"$OUT")" 1
test_of 100 many.test.yaml -j 4
is "24 cases, four at once: exit code" "$RC" 0
contains "24 cases: all passed" "$OUT" "# 24 passed, 0 failed"
is "in order" "$(sed -n 's/^ok \([0-9]*\) - .*/\1/p' "$OUT" | tr '\n' ' ')" "$(seq 24 | tr '\n' ' ')"

# Parameters of a link, too: every third frame that is lost is one too many.
scenario lossy "$EXAMPLES/uart-pair.yaml" 'links: { pong.serial0: { corrupt: 0 } }' \
    'matrix: { ping.serial0.drop: [0, 0.3], seed: 1..2 }' \
    'steps: [ { expect: "20 replies, 0 errors", port: ping.serial1, within: 1s } ]'
test_of 60 lossy.test.yaml
is "a matrix over a link's faults: exit code" "$RC" 1
contains "a matrix over a link's faults: without them it passes" "$OUT" "ok 2 - lossy.test.yaml [ping.serial0.drop=0 seed=2]"
contains "a matrix over a link's faults: with them it fails" "$OUT" "not ok 4 - lossy.test.yaml [ping.serial0.drop=0.3 seed=2]"

# ---- what fails ----

scenario wrong echo.yaml 'port: a.serial0' 'steps:' '  - { send: "01", hex: true }' \
    '  - { match: "b(.)", within: 5ms }'
test_of 60 wrong.test.yaml
is "a failure: exit code" "$RC" 1
contains "a failure: where, what, and when" "$OUT" \
    "# failed: wrong.test.yaml:6:5: a.serial0: 'b(.)' did not come; the last that came: '\\x01' (at 0.005000000)"
contains "a failure: how to see it again" "$OUT" "# again: orrery debug wrong.test.yaml --case=1"
contains "a failure: in junit.xml" results/junit.xml 'failures="1"'
scenario never echo.yaml 'port: a.serial0' 'steps:' '  - { send: "01", hex: true }' \
    '  - { never: "01", hex: true, within: 5ms }'
test_of 60 never.test.yaml echo.test.yaml --fail-fast -j 1
is "--fail-fast: exit code" "$RC" 1
contains "--fail-fast: the other is not run" "$OUT" "# 0 passed, 1 failed, 1 not run"
scenario early "$EXAMPLES/stm32wb55.yaml" 'port: mcu.serial0' 'steps: [ { expect: "nothing like it", within: 50s } ]'
test_of 60 early.test.yaml
contains "the guest ends first" "$OUT" "every instance has ended before this step was done"
scenario past echo.yaml 'steps: [ { wait: 2ms }, { at: 1ms } ]'
test_of 60 past.test.yaml
contains "a time that is past" "$OUT" "that time is past"

# One QEMU that fails the first time, and one that always does.
cat >flaky.sh <<'END'
#!/bin/sh
[ -e "$0.was" ] || { touch "$0.was" && exit 9; }
exec "$ORRERY_QEMU_DIR/qemu-system-arm" "$@"
END
chmod +x flaky.sh
scenario flaky echo.yaml 'instances: { a: { qemu: ./flaky.sh } }' 'steps: [ { wait: 1ms } ]'
test_of 60 flaky.test.yaml --retry 2
is "one that passes when tried again: exit code" "$RC" 1
contains "is flaky, not passed" "$OUT" "# 0 passed, 0 failed, 1 flaky"
rm flaky.sh.was
test_of 60 flaky.test.yaml
is "without --retry: exit code" "$RC" 3

# ---- reports ----

scenario input echo.yaml 'steps: [ { expect: "<&>" } ]'
rm -f flaky.sh.was
GITHUB_ACTIONS=true GITHUB_WORKSPACE=$SCRATCH test_of 60 echo.test.yaml "$SCRATCH/wrong.test.yaml" flaky.test.yaml input.test.yaml -j 1
is "of several outcomes: exit code" "$RC" 3
contains "an annotation: file, line, column, title, text" "$OUT" \
    "::error file=wrong.test.yaml,line=6,col=5,title=$SCRATCH/wrong.test.yaml::failed: a.serial0: 'b(.)' did not come"
contains "an annotation of bad input" "$OUT" "::error file=input.test.yaml,line=3,col=10,title=input.test.yaml::bad input: "
is "no annotation of what passed" "$(grep -c ^::error "$OUT")" 3
check "junit.xml has the schema of readers" xmllint --noout --schema "$TOP/tests/e2e/junit.xsd" results/junit.xml
contains "junit.xml: how to see it again" results/junit.xml "again: orrery debug $SCRATCH/wrong.test.yaml --case=1</failure>"
GITHUB_ACTIONS=false test_of 60 echo.test.yaml wrong.test.yaml many.test.yaml --fail-fast -j 1
contains_not "no annotation where nobody asks" "$OUT" "::error"
contains "junit.xml: what was not run" results/junit.xml '<skipped/>'
check "junit.xml of them: the schema" xmllint --noout --schema "$TOP/tests/e2e/junit.xsd" results/junit.xml

# ---- nonsense ----

# refused LINE… - bad input, told with its place
refused() {
    scenario bad echo.yaml "$@"
    run_timeout 20 "$ORRERY" run bad.test.yaml
    is "refused: $1: exit code" "$RC" 2
    is "refused: $1: one line" "$(wc -l <"$ERR")" 1
    check "refused: $1: with its place" grep -q '^bad.test.yaml:[0-9]*:[0-9]*: ' "$ERR"
    diag "$(cat "$ERR")"
}
refused 'stepz: []'
refused 'steps: [ { expect: x } ]'
refused 'steps: [ { expect: x, send: y, port: a.serial0 } ]'
refused 'steps: [ { expect: x, port: b.serial0 } ]'
refused 'steps: [ { send: "0", hex: true, port: a.serial0 } ]'
refused 'steps: [ { wait: soon } ]'
refused 'steps: [ { reset: b } ]'
refused 'matrix: { seed: [] }' 'steps: []'
refused 'matrix: { nothing: [1] }' 'steps: []'
refused 'matrix: { seed: 5..1 }' 'steps: []'
refused 'instances: { b: { icount: 3 } }' 'steps: []'
refused 'steps: [ { memory: a.board_init } ]'
refused 'steps: [ { memory: a.board_init, is: 1, set: 1 } ]'
refused 'steps: [ { memory: a.boar_init, is: 1 } ]'
contains 'a symbol that is not there: did you mean' "$ERR" \
    "bad.test.yaml:3:20: symbol 'boar_init' is not in its firmware; did you mean 'board_init'?"
refused 'steps: [ { memory: a.console_init, is: 1 } ]'
contains 'a symbol that is no number' "$ERR" "'console_init' has 10 bytes: key 'width' is missing"
refused 'steps: [ { memory: a.errors, is: 0x100000000 } ]'
refused 'steps: [ { memory: a.errors, is: 1, width: 3 } ]'
refused 'steps: [ { memory: a.errors, is: "", hex: true } ]'
refused 'steps: [ { memory: a.errors+x, is: 1 } ]'
refused 'steps: [ { memory: b.errors, is: 1 } ]'
refused 'steps: [ { memory: a.0xzz, is: 1 } ]'
refused 'steps: [ { until: { pc: a.nowhere } } ]'
refused 'steps: [ { until: a.main } ]'
refused 'steps: [ { until: { pc: a.main }, is: 1 } ]'
refused 'steps: [ { resets: a } ]'
refused 'steps: [ { wait: 1ms, is: 1 } ]'
refused 'steps: [ { guest_errors: a, is: none } ]'
refused 'steps: [ { counter: sent, is: 1 } ]'
refused 'steps: [ { counter: cent, is: 1, port: a.serial0 } ]'
refused 'steps: [ { counter: sent, is: 1, port: a.serial0 } ]'
refused 'steps: [ { screenshot: a } ]'
refused 'steps: [ { screenshot: a, is: echo.yaml } ]'
contains 'a picture that is none' "$ERR" 'bad.test.yaml:3:31: ./echo.yaml: not a PNG file'
scenario regex echo.yaml 'steps: [ { match: "(", port: a.serial0 } ]'
run_timeout 20 "$ORRERY" run regex.test.yaml
is "a bad expression: exit code" "$RC" 2
contains "a bad expression: told with its place" "$ERR" "regex.test.yaml:3:10:"
# Only QEMU knows what the machine has: it is asked before anything runs.
scenario nobody echo.yaml 'steps: [ { expect: x, port: a.serial7 } ]'
run_timeout 20 "$ORRERY" run nobody.test.yaml
is "a port that nobody drives: exit code" "$RC" 2
is "a port that nobody drives: one line" "$(wc -l <"$ERR")" 1
contains "a port that nobody drives: the step that asks for it" "$ERR" \
    "nobody.test.yaml:3:29: port 'a.serial7': no device of this machine drives it"
run_timeout 20 "$ORRERY" test nowhere
is "no such directory: exit code" "$RC" 2
mkdir empty
run_timeout 20 "$ORRERY" test empty
is "no tests in a directory: exit code" "$RC" 2
contains "no tests in a directory: told" "$ERR" "no test matches"
run_timeout 20 "$ORRERY" test . -k nothing-is-named-so
is "nothing matches: exit code" "$RC" 2

# ---- standing where it failed; interrupted ----

start hold "$ORRERY" run wrong.test.yaml --hold
held=$PID
RUN=
# mine STATE FILTER - of the run of this script that is in that state; others may have theirs
mine() {
    "$ORRERY" ps --json | jq -r --arg state "$1" --arg scratch "$SCRATCH" \
        ".[] | select(.state == \$state and (.path | startswith(\$scratch))) | $2"
}
stands() { RUN=$(mine paused .run) && [ -n "$RUN" ]; }
check "--hold: everybody stands" wait_for 20 stands
is "--hold: at D after the failure" "$(ps_run '.instances[0].time_ns')" 15000000
contains "--hold: and says why" hold.err "'b(.)' did not come"
timeout 10 "$ORRERY" down "$RUN"
finish 20 "$held"

scenario endless echo.yaml 'matrix: { seed: 1..8 }' 'steps: [ { wait: 1000000s } ]'
start endless "$ORRERY" test endless.test.yaml --results results -j 4 --timeout 500s
sleep 1
kill -INT "$PID"
finish 20 "$PID"
is "interrupted: exit code" "$RC" 3
# Busy, and so slow that it is there as long as anybody looks.
scenario looping looping.yaml 'clock: { pace: 0.001 }' 'steps: [ { expect: "nothing", port: a.serial0, within: 1000000s } ]'
sed 's/pingpong_b/busy_long/' echo.yaml >looping.yaml
test_of 60 looping.test.yaml --timeout 1s
is "a guest that loops: exit code" "$RC" 3
contains "a guest that loops: told" "$OUT" "it took more than 1 s of wall time"

# A QEMU that dies while the test runs: slowly, so that it is not over before.
scenario crash looping.yaml 'clock: { pace: 0.01 }' 'steps: [ { expect: "nothing", port: a.serial0, within: 1000000s } ]'
start crash "$ORRERY" test crash.test.yaml --results results
# its own, by its parents: `orrery ps` shows everybody's runs
qemu_runs() { QEMU=$(child_of "$(child_of "$PID" crash.test.yaml)" name=a,) && [ -n "$QEMU" ]; }
check "one runs" wait_for 20 qemu_runs
kill -KILL "$QEMU"
finish 20 "$PID"
is "a QEMU that dies: exit code" "$RC" 3
contains "a QEMU that dies: told" crash.out "# broke: "
contains "a QEMU that dies: how" crash.out "signal 9"
done_testing

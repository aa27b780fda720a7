#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Tests in C through orrery-test.h: the example; the same run as a test file gives; what fails and what is
# refused is told; nothing is left when the test is killed.
. "$(dirname "$0")/lib.sh"

BUILD=$TOP/build/testlib
export CMOCKA_MESSAGE_OUTPUT=TAP
cd "$SCRATCH" || exit 3

# subtests NAME - the TAP of what was run last, as ours
subtests() {
    while read -r line; do
        case $line in
            'ok '*) ok "$1: ${line#* - }" ;;
            'not ok '*) not_ok "$1: ${line#* - }" ;;
            '#'*) diag "$1: $line" ;;
        esac
    done <"$OUT"
    is "$1: exit code" "$RC" 0
    [ "$RC" -eq 0 ] || diag_file "$ERR"
}

run_timeout 60 "$BUILD/uart-pair-test" "$EXAMPLES/uart-pair.yaml"
subtests "the example"

# manifest NAME FIRMWARE [CLOCK [KEY]]
manifest() {
    cat >"$1.yaml" <<END
orrery: 1
clock: { seed: 1${3:+, $3} }
instances:
  a: { machine: lm3s6965evb, firmware: $2.elf, icount: 4, semihosting: true${4:+, $4} }
END
}
manifest echo pingpong_b
echo 'attach: [ { port: a.serial0, to: stdout } ]' >>echo.yaml
manifest failing ping && sed -i 's/lm3s6965evb/b-l475e-iot01a/' failing.yaml # nobody answers it
manifest short pingpong_b 'for: 50ms'
printf '#!/bin/sh\nexit 9\n' >crash.sh && chmod +x crash.sh
manifest crash pingpong_b '' 'qemu: ./crash.sh'
cp "$EXAMPLES/uart-pair.yaml" .
cat >echo.test.yaml <<'END'
orrery: 1
uses: echo.yaml
port: a.serial0
steps:
  - { wait: 20ms }
  - { send: "01", hex: true }
  - { expect: "01", hex: true, within: 1ms }
  - { send: "02", hex: true }
  - { expect: "02", hex: true, within: 1ms }
  - { send: "03", hex: true }
  - { expect: "03", hex: true, within: 1ms }
END
cat >before.test.yaml <<'END'
orrery: 1
uses: echo.yaml
matrix: { seed: [1, 2] }
port: a.serial0
steps: [ { wait: 10ms }, { send: "abcd" }, { expect: "01", hex: true }, { at: 20ms } ]
END
run_timeout 60 "$ORRERY" run echo.test.yaml --trace-hash
hash_in "$OUT" >echo.hash
run_timeout 100 "$BUILD/orrery-test-test" "$SCRATCH"
subtests "the calls"

start stand "$BUILD/orrery-test-test" "$SCRATCH" stand
stands() { grep -q stands stand.out; }
check "one stands" wait_for 20 stands
kill -KILL "$PID"
finish 5 "$PID"
nothing_left "its test killed" 10
done_testing

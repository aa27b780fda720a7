#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# An attached end without baud and format is set as the firmware's; one with them is not.
. "$(dirname "$0")/lib.sh"

BUILT=$(dirname "$(readlink -f "$ORRERY")")/../tests/firmware
cp "$BUILT/wb55-typed.elf" "$SCRATCH" || exit 3
cd "$SCRATCH" || exit 3

# typed KEYS EXPECTED
typed() {
    cat >m.yaml <<END
orrery: 1
instances:
  mcu: { machine: stm32wb55, firmware: wb55-typed.elf }
attach:
  - { port: mcu.serial0, to: stdout$1 }
END
    cat >t.test.yaml <<END
orrery: 1
uses: m.yaml
port: mcu.serial0
steps:
  - { expect: ">" }
  - { send: "abc" }
  - { expect: "$2" }
END
    run_timeout 30 "$ORRERY" run t.test.yaml
}

typed '' abc
is "9600 7O1, nothing said: exit code" "$RC" 0
typed ', baud: 9600, format: 7O1' abc
is "the same, said: exit code" "$RC" 0
typed ', format: 8N1' abc
is "another format: exit code" "$RC" 1
typed ', baud: 115200' abc
is "another baud: exit code" "$RC" 1
done_testing

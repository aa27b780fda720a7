#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The SSD1312: what firmware draws, by orrery screenshot, pixel by pixel against screenshot/*.txt.
. "$(dirname "$0")/lib.sh"

{
    cat <<END
orrery: 1
name: oled
clock: { pace: 4, for: 400s }
instances:
  a: { machine: "stm32wb55,oled=SPI1:PA4:PA3:PA2", firmware: wb55-oled.elf, semihosting: true }
  b: { machine: stm32wb55, firmware: wb55-button.elf, semihosting: true }
inputs:
END
    for tenth in 0 1 2 3 4 5 6 7; do
        echo "  - { at: 1.${tenth}s, click: a.gpio.PC4, for: 5ms }"
    done
} >"$SCRATCH/oled.yaml"

check 'a run' start_paused oled "$SCRATCH/oled.yaml"
picture a first 0.950000000
is 'it was paused and is' "$(ps_run .state)" paused
picture a second 1.050000000
picture a turned 1.150000000
picture a inverse 1.250000000
picture a scrolling 1.350000000
picture a stopped 1.450000000
picture a reset 1.550000000
picture a again 1.650000000
picture a window 1.750000000
"$ORRERY" resume --run "$RUN"
run_timeout 10 "$ORRERY" screenshot a "$SCRATCH/a.gif" --run "$RUN"
is 'a file of another kind: exit code' "$RC" 2
run_timeout 10 "$ORRERY" screenshot b "$SCRATCH/b.png" --run "$RUN"
is 'no display' "$RC $(cat "$ERR")" "2 orrery: instance 'b' has no display"
run_timeout 10 "$ORRERY" screenshot a "$SCRATCH/nowhere/a.png" --run "$RUN"
is 'no such directory' "$RC $(cat "$ERR")" "2 orrery: $SCRATCH/nowhere/: no such file or directory"
ln -s /dev/full "$SCRATCH/full.png"
run_timeout 10 "$ORRERY" screenshot a "$SCRATCH/full.png" --run "$RUN"
is 'a full disk' "$RC $(cat "$ERR")" "3 orrery: cannot write $SCRATCH/full.png: No space left on device"
is 'it goes on' "$(ps_run .state)" running
run_timeout 10 "$ORRERY" down "$RUN"
finish 10 "$PID"

# The same pictures as steps of a test, each at its exact virtual time.
cd "$SCRATCH" || exit 3
{
    printf 'orrery: 1\nuses: oled.yaml\nclock: { pace: 0 }\nsteps:\n'
    for shot in first:0.95 second:1.05; do
        echo "  - { at: ${shot#*:}s }"
        echo "  - { screenshot: a, is: ${shot%:*}.png }"
    done
} >pictures.test.yaml
run_timeout 300 "$ORRERY" run pictures.test.yaml
is 'screenshots as steps: exit code' "$RC" 0
sed 's/is: second.png/is: first.png/' pictures.test.yaml >other.test.yaml
run_timeout 300 "$ORRERY" run other.test.yaml
is 'another picture than was meant: exit code' "$RC" 1
contains 'another picture: where, and where it is kept' "$ERR" \
    "other.test.yaml:8:5: a: another picture, 128 x 64: $PWD/oled.line8.png (at 1.050000000)"
"$PNG_TEXT" oled.line8.png >oled.line8.txt
check 'and it is what was there' cmp -s oled.line8.txt second.txt
sed 's/screenshot: a/screenshot: b/; s/0.95s/1ms/' pictures.test.yaml >none.test.yaml
run_timeout 300 "$ORRERY" run none.test.yaml
contains 'a step, and no display' "$ERR" 'none.test.yaml:6:5: b has no display'
sed 's/second.png/nowhere.png/' pictures.test.yaml >nowhere.test.yaml
run_timeout 60 "$ORRERY" run nowhere.test.yaml
is 'no such picture: exit code' "$RC" 2
contains 'no such picture: where' "$ERR" 'nowhere.test.yaml:8:26: ./nowhere.png: no such file'
done_testing

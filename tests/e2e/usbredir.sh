#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A USB device that a usbredir client has, as QEMU's usb-redir would: it enumerates, echoes, is reset,
# goes and comes; and what a client sends that makes no sense.
. "$(dirname "$0")/lib.sh"

CLIENT=$(dirname "$(readlink -f "$ORRERY")")/../tests/tools/usbredir-client
[ -x "$CLIENT" ] || CLIENT=$TOP/build/tests/tools/usbredir-client

# client NAME COMMAND… - what it prints is in $SCRATCH/NAME
client() {
    client_name=$1
    shift
    timeout 60 "$CLIENT" "${ADDRESS#*:}" "$@" >"$SCRATCH/$client_name" 2>&1
}

# The distances that the frame numbers in isochronous packets have.
iso_gaps() {
    sed -n 's/^packet 83 status 0 length 4: \(..\) \(..\) .*/\2 \1/p' "$SCRATCH/iso" | {
        before=
        while read -r high low; do
            frame=$((0x$high$low))
            [ -z "$before" ] || echo $(((frame - before) & 2047))
            before=$frame
        done
    } | sort -u
}

cat >"$SCRATCH/usbredir.yaml" <<END
orrery: 1
name: usbredir
clock: { pace: 0 }
instances:
  mcu: { machine: "stm32wb55,pins=PD1=0", firmware: wb55-usb.elf, semihosting: true }
attach:
  - { port: mcu.usb, to: tcp }
END

start_run usbredir "$SCRATCH/usbredir.yaml"
ADDRESS=$(cat "$SCRATCH/usbredir.out" "$SCRATCH/usbredir.err" | grep -o '127.0.0.1:[0-9]*' | head -n 1)

check "the device comes" client first wait
contains "with what its descriptors say" "$SCRATCH/first" 'device 0483:5740 speed 1 version 0200'
contains "its interfaces" "$SCRATCH/first" 'interface 1 class 10'
contains "its endpoints" "$SCRATCH/first" 'endpoint 82 type 3 interval 16 interface 0 size 8'
contains "and their sizes" "$SCRATCH/first" 'endpoint 81 type 2 interval 1 interface 1 size 64'

check "a second client: it comes again" client echo wait config 1 get 0x80 6 0x100 0 18 get 0x80 6 0x300 0 255 \
    set 0x21 0x20 0 0 00c20100000008 out 1 'Orrery by usbredir' in 0x81 64 cancel 0x81 out 1 'and again' in 0x81 64
contains "control: the device descriptor" "$SCRATCH/echo" 'control status 0 length 18: 12 01 00 02 02 00 00 40 83 04'
contains "control: a stall" "$SCRATCH/echo" 'control status 4 length 0:'
contains "control: data to the device" "$SCRATCH/echo" 'control status 0 length 7:'
contains "what is sent in bulk comes back" "$SCRATCH/echo" 'bulk 81 status 0 length 18: Orrery by usbredir'
contains "a transfer is cancelled" "$SCRATCH/echo" 'bulk 81 status 1 length 0:'
contains "and the next one works" "$SCRATCH/echo" 'bulk 81 status 0 length 9: and again'

check "isochronous endpoints" client iso wait stream 0x83 alt 2 1 stream 0x83 packets 8 stream 0x03 packet 0x03 hello \
    await 0568 still 0x03 still 0x83 out 1 'after streams' in 0x81 64 alt 2 0 stream 0x03
contains "none in the first setting" "$SCRATCH/iso" 'stream 83 status 2'
contains "the other setting" "$SCRATCH/iso" 'interface 2 alternate 1 status 0'
contains "has them" "$SCRATCH/iso" 'endpoint 83 type 1 interval 1 interface 2 size 16'
contains "a stream starts" "$SCRATCH/iso" 'stream 83 status 0'
is "packets come, one a frame" "$(iso_gaps)" 1
contains "what was sent arrives" "$SCRATCH/iso" 'awaited packet 83 status 0'
contains "other endpoints go on" "$SCRATCH/iso" 'bulk 81 status 0 length 13: after streams'
contains "the first setting has no stream" "$SCRATCH/iso" 'stream 03 status 2'

check "after a reset it is there as before" client reset wait reset get 0x80 8 0 0 1 out 1 abc in 0x81 64
contains "and echoes" "$SCRATCH/reset" 'bulk 81 status 0 length 3: abc'

check "the device goes" client gone wait set 0x40 2 0 0 '' gone
contains "and says so" "$SCRATCH/gone" 'device gone'

# a header that says too much, a client that hangs up in the middle of a packet, an endpoint there is not
client lies raw 6400000000ffffff00000000
client cut wait raw 640000000a0000000100000000000000
check "after nonsense it is still there" client after wait in 0x85 64 out 1 abc in 0x81 64
contains "no such endpoint" "$SCRATCH/after" 'bulk 85 status 2 length 0:'
contains "it echoes" "$SCRATCH/after" 'bulk 81 status 0 length 3: abc'

check_not "the firmware ends" client end wait set 0x40 1 0 0 ''
finish 20 "$PID"
is "exit code" "$RC" 0
done_testing

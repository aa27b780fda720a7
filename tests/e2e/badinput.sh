#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Bad input: one line that says where and what is wrong, exit code 2, and nothing is started; what
# breaks at run time: one line, exit code 3, and nothing is left.
# timeout: 180
. "$(dirname "$0")/lib.sh"

cd "$SCRATCH" || exit 3

# A QEMU that leaves a mark: bad input must not come as far as that.
mkdir marks
printf '#!/bin/sh\ntouch %s/started\nexit 7\n' "$SCRATCH" >marks/qemu-system-arm
chmod +x marks/qemu-system-arm
REAL_QEMU_DIR=${ORRERY_QEMU_DIR:-}
started_nothing() { [ ! -e started ] && none_left && [ -z "$(left_runs)" ]; }

# A manifest from stdin; a and b are what most need.
manifest() { cat >"$1"; }

head_of() {
    printf 'orrery: 1\nname: bad\n'
    printf 'instances:\n'
    printf '  a: { machine: lm3s6965evb, firmware: sleep.elf }\n  b: { machine: lm3s6965evb, firmware: sleep.elf }\n'
}

# one_line NAME FILE - $ERR is FILE:LINE:COLUMN: what, and nothing else.
one_line() {
    is "$1: one line" "$(wc -l <"$ERR")" 1
    check "$1: that says where: $(cut -c 1-150 "$ERR")" grep -qE "^$2:[0-9]+:[0-9]+: .{10,}" "$ERR"
}

# bad NAME FILE TEXT - `orrery run` refuses it, and says TEXT.
bad() {
    ORRERY_QEMU_DIR=$SCRATCH/marks run_timeout 20 "$ORRERY" run "$2"
    is "$1: exit code" "$RC" 2
    one_line "$1" "$2"
    check "$1: what was wrong" grep -qiE -e "$3" "$ERR"
    check "$1: started nothing" started_nothing
    rm -f started
}

# bad_link NAME LINK TEXT
bad_link() {
    { head_of && printf 'links:\n  - %s\n' "$2"; } >link.yaml
    bad "$1" link.yaml "$3"
}

manifests() {
    head_of | sed 's/^name:/nmae:/' >m.yaml
    bad "unknown key" m.yaml "unknown key 'nmae'.*'name'"
    head_of | sed 's/machine: lm3s6965evb/machine: 4/' >m.yaml
    bad "wrong type" m.yaml 'machine: a string was meant'
    head_of | sed 's/sleep.elf/gone.elf/' >m.yaml
    bad "missing firmware" m.yaml "'gone.elf' not found in"
    head_of | sed 's/^  b:/  a:/' >m.yaml
    bad "duplicate name" m.yaml "'a' is here twice"
    bad_link "port that does not exist" '{ uart: [a.serial0, b.serail0] }' "serail0' does not exist.*serial0"
    bad_link "port of nobody" '{ uart: [a.serial0, c.serial0] }' "no instance 'c'"
    bad_link "port used twice" "{ uart: [a.serial0, b.serial0] }
attach:
  - { port: a.serial0, to: stdout }" 'used twice; first in line 7'
    bad_link "baud 0" '{ uart: [a.serial0, b.serial0], baud: 0 }' 'baud 0'
    bad_link "latency 0" '{ uart: [a.serial0, b.serial0], latency: 0ns }' 'latency 0'
    bad_link "a loop to itself" '{ uart: [a.serial0, a.serial1] }' 'linked to itself'
    bad_link "truncated YAML" '{ uart: [a.serial0, b.ser' 'not YAML'
    { head_of && head -c 3000 /dev/urandom; } >m.yaml
    bad "binary garbage at the end" m.yaml 'not.* YAML'
    head -c 3000 /dev/urandom >m.yaml
    bad "binary garbage" m.yaml 'not.* YAML|version'
    : >m.yaml
    bad "an empty file" m.yaml 'empty'
}

ten_thousand() {
    awk -v n=10000 'BEGIN {
        print "orrery: 1\nname: many\ninstances:"
        for (i = 0; i < n; i++) print "  i" i ": { machine: lm3s6965evb, firmware: sleep.elf }"
    }' >many.yaml
    bad "10,000 instances" many.yaml '255|10000'
}

no_file() {
    for file in gone.yaml "$SCRATCH" /dev/null; do
        ORRERY_QEMU_DIR=$SCRATCH/marks run_timeout 20 "$ORRERY" run "$file"
        is "manifest $(basename "$file"): exit code" "$RC" 2
        is "manifest $(basename "$file"): one line" "$(wc -l <"$ERR")" 1
        diag "$(cat "$ERR")"
    done
    check "no manifest: started nothing" started_nothing
}

# firmware NAME FILE TEXT
firmware() {
    head_of | sed "s|a: \(.*\)sleep.elf|a: \1$2|" >m.yaml
    bad "firmware: $1" m.yaml "$3"
}

firmwares() {
    elf=$("$ORRERY" run "$(pair any ping pong)" --dry-run | sed -n 's/.*-kernel \([^ ]*ping.elf\).*/\1/p')
    head -c 2000 /dev/urandom >noise
    firmware "noise" noise 'neither ELF nor Intel HEX'
    echo ':not hex' >text.elf
    firmware "text that is called .elf" text.elf 'neither ELF'
    head -c 40 "$elf" >short.elf
    firmware "a truncated ELF header" short.elf truncated
    head -c 60 "$elf" >short.elf
    firmware "a truncated ELF file" short.elf truncated
    firmware "for another processor" trio2.elf 'another processor'
    echo 'no colon' >bad.hex
    firmware "a HEX file without a colon" bad.hex 'Intel HEX'
    : >empty.bin
    firmware "an empty file" empty.bin empty
    firmware "a directory" "$SCRATCH" 'not a regular file'
    mkfifo fifo
    firmware "a FIFO" "$SCRATCH/fifo" 'not a regular file'
    firmware "a device" /dev/zero 'not a regular file'
}

no_qemu() {
    mkdir empty
    head_of >m.yaml
    ORRERY_QEMU_DIR=$SCRATCH/empty run_timeout 20 "$ORRERY" run m.yaml
    is "no QEMU: exit code" "$RC" 2
    one_line "no QEMU" m.yaml
    check "no QEMU: where it looked" grep -q "no qemu-system-arm in $SCRATCH/empty" "$ERR"
    head_of | sed '4s/ }/, qemu: gone }/' >m.yaml
    bad "a QEMU that is not there" m.yaml "gone' is not a program"
    head_of | sed '4s/ }/, qemu: m.yaml }/' >m.yaml
    bad "a QEMU that is no program" m.yaml "m.yaml' is not a program"
}

# ---- at run time ----

# broken NAME TEXT OPTION… - `orrery run` of m.yaml ends with 3 and one line with TEXT.
broken() {
    broken_name=$1
    text=$2
    shift 2
    run_timeout 60 "$ORRERY" run m.yaml "$@"
    is "$broken_name: exit code" "$RC" 3
    check "$broken_name: says so: $(head -n 1 "$ERR" | cut -c 1-150)" grep -qE -e "$text" "$ERR"
    is "$broken_name: one line" "$(wc -l <"$ERR")" 1
    nothing_left "$broken_name"
}

never_joins() {
    printf '#!/bin/sh\nexec sleep 1000\n' >sleeper
    printf '#!/bin/sh\necho "cannot find my keys" >&2\nexit 9\n' >leaver
    chmod +x sleeper leaver
    head_of | sed '4s/ }/, qemu: sleeper }/' >m.yaml
    before=$(seconds)
    broken "never joins" '^orrery: a never joined within [0-9]* ms$' --join-timeout "$(loaded 1.5)s"
    at_most "never joins: noticed soon" "$(echo "$(seconds) $before" | awk '{ print $1 - $2 }')" "$(loaded 10)" s
    head_of | sed '4s/ }/, qemu: leaver }/' >m.yaml
    run_timeout 60 "$ORRERY" run m.yaml
    is "leaves at once: exit code" "$RC" 3
    check "leaves at once: where, how, and its last words" \
        grep -q "^m.yaml:4:3: instance 'a': leaver exited with status 9: cannot find my keys" "$ERR"
    nothing_left "leaves at once"
}

# QEMU itself does not like it.
qemu_refuses() {
    head_of | sed '4s/lm3s6965evb/lm3s9999/' >m.yaml
    run_timeout 60 "$ORRERY" run m.yaml
    is "no such machine: exit code" "$RC" 3
    check "no such machine: where, and what QEMU said" grep -q "^m.yaml:4:3: instance 'a': .*lm3s9999" "$ERR"
    nothing_left "no such machine"
    awk 'BEGIN { for (i = 0; i < 64; i++) printf "%c", 255 }' >noise.bin
    head_of | sed "4s|sleep.elf|noise.bin|" >m.yaml
    run_timeout 60 "$ORRERY" run m.yaml
    is "a raw image that locks the core up: exit code" "$RC" 3
    check "a raw image that locks the core up: who died" grep -q "^orrery: a .*died at virtual time" "$ERR"
    nothing_left "a raw image that locks the core up"
}

full_disk() {
    head_of | sed 's/instances:/clock: { for: 1s }\ninstances:/' >m.yaml
    mkdir full
    ln -s /dev/full full/a.qemu.log
    broken "a log on a full disk" "cannot write .*/full/a.qemu.log: no space left on device" --log full
    { head_of && printf 'attach:\n  - { port: a.serial1, to: file, path: /dev/full }\n'; } |
        sed 's/instances:/clock: { for: 1s }\ninstances:/' >m.yaml
    broken "a port to a full disk" "cannot write to /dev/full: No space left on device"
    pair chatty ping pong >path
    sed 's/lm3s6965evb, firmware: ping/b-l475e-iot01a, firmware: ping/' chatty.yaml >m.yaml
    RC=0
    timeout 60 "$ORRERY" run m.yaml >/dev/full 2>"$ERR" || RC=$?
    is "stdout to a full disk: exit code" "$RC" 3
    contains "stdout to a full disk: says so" "$ERR" "cannot write to stdout: No space left on device"
    nothing_left "stdout to a full disk"
}

small_disk() {
    mkdir small
    if ! mount -t tmpfs -o size=8k tmpfs small 2>/dev/null; then
        skip "logs on a disk that fills up" "needs the right to mount"
        return
    fi
    broken "logs on a disk that fills up" "cannot write .*small/.*: [Nn]o space left" --log small
    head -c 8192 /dev/zero >small/fill 2>/dev/null
    rm -f small/*.log
    broken "logs on a disk that is full" "cannot write .*small/?.*: [Nn]o space left" --log small/logs
    umount small
}

# ---- strangers ----

# What a REQ socket of NNG greets with, and a message of garbage as one of its requests.
garbage() {
    printf '\0SP\0\0\060\0\0'
    printf '\001\0\0\0\0\0\0\0\014\200\0\0\001garbage!'
    printf '\001\0\0\0\0\0\0\0\004\200\0\0\002'
    printf '\001\377\377\377\377\377\377\377\377'
}

# talk FILE NAME - send it to each socket of $RUN, and hang up.
talk() {
    for socket in broker.sock events.sock; do
        : >greeting # see gone_at_once
        # shellcheck disable=SC2094 # that is the point
        { cat "$1" && wait_for 20 test -s greeting; } |
            timeout 60 socat - "UNIX-CONNECT:$RUN_DIR/$socket" >greeting 2>/dev/null
        is "garbage ($2) to $socket: the broker still answers" "$(ps_run .state)" paused
    done
}

# Who hangs up before NNG has answered its greeting makes NNG 1.5 (Debian 12's) stop listening:
# https://github.com/nanomsg/nng/issues/1518. The run itself goes on.
gone_at_once() {
    start_run gone "$EXAMPLES/uart-pair.yaml" --trace-hash --pace 0.1
    for socket in broker.sock events.sock; do
        timeout 5 socat -u - "UNIX-CONNECT:$RUN_DIR/$socket" </dev/null
    done
    if [ "$(ps_run .state)" = running ]; then
        ok "gone at once: the broker still answers"
    else
        skip "gone at once: the broker still answers" "NNG stopped listening: nanomsg/nng#1518"
    fi
    finish 60 "$PID"
    is "gone at once: exit code of the run" "$RC" 0
    is "gone at once: the output and hash of an undisturbed run" "$(cat gone.out)" "$(cat reference)"
}

strangers() {
    run_timeout 60 "$ORRERY" run "$EXAMPLES/uart-pair.yaml" --trace-hash
    cp "$OUT" reference
    start_paused strangers "$EXAMPLES/uart-pair.yaml" --trace-hash
    garbage >bytes
    talk bytes "requests that are none"
    head -c 100000 /dev/urandom >bytes
    talk bytes noise
    head -c 70000 /dev/zero >bytes
    talk bytes zeros
    stranger "of another run" "this is run [0-9a-f]*, not 0*abcdef" run-id=0xabcdef name=ping
    stranger "of a name that is taken" "ping has already joined" run-id=0x0 name=ping
    stranger "of no name in it" "no instance of that name" run-id=0x0 name=pang
    resume
    finish 60 "$PID"
    is "strangers: exit code of the run" "$RC" 0
    is "strangers: the output and hash of an undisturbed run" "$(cat strangers.out)" "$(cat reference)"
    stranger "of a run that is over" "no broker at" run-id=0x0 name=ping
}

# stranger NAME TEXT RUN-ID NAME - a QEMU started by hand that does not belong to $RUN.
stranger() {
    run_timeout 30 "${REAL_QEMU_DIR:+$REAL_QEMU_DIR/}qemu-system-arm" -M b-l475e-iot01a -nodefaults \
        -display none -icount shift=4,align=off,sleep=off \
        -object "orrery-member,id=orrery,broker=ipc://$RUN_DIR/broker.sock,$3,$4"
    check "a stranger $1: leaves with an error" test "$RC" -eq 1
    check "a stranger $1: that says why: $(cut -c 1-120 "$ERR")" grep -qE "$2" "$ERR"
}

manifests
ten_thousand
no_file
firmwares
no_qemu
never_joins
qemu_refuses
full_disk
small_disk
strangers
gone_at_once
done_testing

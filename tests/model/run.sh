#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs the models with spin and prints TAP. See README.md.
#
#   run.sh [name...]     only these cases; all of them by default
#   JOBS=n run.sh        n at once; 2 by default, of at most 2 GB each
#
# A case passes only if pan says exactly what the table expects: an exhaustive
# search without error, or, for a broken rule, that kind of failure first.
set -u

# name | model | switches | "holds", or the kind of failure
cases() {
    sed -e '/^ *$/d' -e '/^#/d' <<'END'
# Rules 1 to 5 and 7.
lockstep-pair         | lockstep | -DTOPOLOGY=PAIR -DSENDS=2 -DTIMERS=1 -DSTART=4 -DPERIOD=3 -DENDS | holds
lockstep-ring         | lockstep | -DTOPOLOGY=RING3 -DSENDS=1 -DTIMERS=0 -DSTART=4 -DPERIOD=3 | holds
lockstep-line         | lockstep | -DTOPOLOGY=LINE -DSENDS=1 -DTIMERS=0 -DSTART=4 -DPERIOD=3 | holds
lockstep-triangle     | lockstep | -DTOPOLOGY=TRIANGLE -DSENDS=1 -DTIMERS=0 -DSTART=4 -DPERIOD=3 | holds
lockstep-futex        | lockstep | -DTOPOLOGY=PAIR -DSENDS=1 -DTIMERS=1 -DSTART=4 -DPERIOD=3 -DFUTEX | holds
lockstep-futex-ring   | lockstep | -DTOPOLOGY=RING3 -DSENDS=0 -DSENDS0=2 -DTIMERS=0 -DSTART=4 -DPERIOD=3 -DFUTEX -DCOARSE | holds
ring-full             | lockstep | -DTOPOLOGY=PAIR -DSENDS=2 -DTIMERS=1 -DSTART=1 -DPERIOD=1 -DLATENCY=2 -DFILLS -DSLOTS=1 | holds
ring-full-futex       | lockstep | -DTOPOLOGY=PAIR -DSENDS=2 -DTIMERS=1 -DSTART=1 -DPERIOD=1 -DLATENCY=2 -DFILLS -DSLOTS=1 -DFUTEX | holds
dist-direct           | lockstep | -DTOPOLOGY=LINE -DSENDS=1 -DTIMERS=0 -DSTART=4 -DPERIOD=3 -DBREAK_DIST_DIRECT | pushed_in_the_past
rule1-drain-first     | lockstep | -DTOPOLOGY=PAIR -DSENDS=1 -DTIMERS=1 -DSTART=4 -DPERIOD=3 -DBREAK_RULE1_DRAIN_FIRST | drained_in_the_past
rule1-at-horizon      | lockstep | -DTOPOLOGY=PAIR -DSENDS=1 -DTIMERS=1 -DSTART=4 -DPERIOD=3 -DBREAK_RULE1_AT_HORIZON | drained_in_the_past
rule2-forget-messages | lockstep | -DTOPOLOGY=PAIR -DSENDS=1 -DTIMERS=1 -DSTART=4 -DPERIOD=3 -DBREAK_RULE2_FORGET_MESSAGES | pushed_in_the_past
rule2-raise-early     | lockstep | -DTOPOLOGY=PAIR -DSENDS=1 -DTIMERS=1 -DSTART=4 -DPERIOD=3 -DBREAK_RULE2_RAISE_EARLY | pushed_in_the_past
rule3-lower-first     | lockstep | -DTOPOLOGY=PAIR -DSENDS=1 -DTIMERS=1 -DSTART=4 -DPERIOD=3 -DBREAK_RULE3_LOWER_FIRST | undelivered_at_exit
rule3-no-lower        | lockstep | -DTOPOLOGY=PAIR -DSENDS=1 -DTIMERS=1 -DSTART=4 -DPERIOD=3 -DBREAK_RULE3_NO_LOWER | undelivered_at_exit
rule3-no-bump         | lockstep | -DTOPOLOGY=PAIR -DSENDS=1 -DTIMERS=1 -DSTART=4 -DPERIOD=3 -DBREAK_RULE3_NO_BUMP | pushed_in_the_past
rule3-count-late      | lockstep | -DTOPOLOGY=RING3 -DSENDS=1 -DTIMERS=0 -DSTART=4 -DPERIOD=3 -DBREAK_RULE3_COUNT_LATE | pushed_in_the_past
rule3-no-cap          | lockstep | -DTOPOLOGY=PAIR -DSENDS=1 -DTIMERS=1 -DSTART=4 -DPERIOD=3 -DBREAK_RULE3_NO_CAP | pushed_in_the_past
rule3-no-wake         | lockstep | -DTOPOLOGY=PAIR -DSENDS=1 -DTIMERS=1 -DSTART=4 -DPERIOD=3 -DFUTEX -DBREAK_RULE3_NO_WAKE | stuck
rule4-load-late       | lockstep | -DTOPOLOGY=PAIR -DSENDS=1 -DTIMERS=1 -DSTART=4 -DPERIOD=3 -DBREAK_RULE4_LOAD_LATE | pushed_in_the_past
rule4-store           | lockstep | -DTOPOLOGY=PAIR -DSENDS=1 -DTIMERS=1 -DSTART=4 -DPERIOD=3 -DBREAK_RULE4_STORE | pushed_in_the_past
rule4-no-wake         | lockstep | -DTOPOLOGY=PAIR -DSENDS=1 -DTIMERS=1 -DSTART=4 -DPERIOD=3 -DFUTEX -DBREAK_RULE4_NO_WAKE | stuck
rule5-once            | lockstep | -DTOPOLOGY=RING3 -DSENDS=1 -DTIMERS=0 -DSTART=4 -DPERIOD=3 -DBREAK_RULE5_ONCE | pushed_in_the_past
rule7-no-publish      | lockstep | -DTOPOLOGY=PAIR -DSENDS=1 -DTIMERS=1 -DSTART=4 -DPERIOD=3 -DBREAK_RULE7_NO_PUBLISH | stuck
rule7-no-recheck      | lockstep | -DTOPOLOGY=PAIR -DSENDS=1 -DTIMERS=1 -DSTART=4 -DPERIOD=3 -DFUTEX -DBREAK_RULE7_NO_RECHECK | stuck
rule7-recheck-first   | lockstep | -DTOPOLOGY=PAIR -DSENDS=1 -DTIMERS=1 -DSTART=4 -DPERIOD=3 -DFUTEX -DBREAK_RULE7_RECHECK_FIRST | stuck
rule7-look-first      | lockstep | -DTOPOLOGY=PAIR -DSENDS=1 -DTIMERS=1 -DSTART=4 -DPERIOD=3 -DFUTEX -DBREAK_RULE7_LOOK_FIRST | stuck
rule7-no-drain        | lockstep | -DTOPOLOGY=PAIR -DSENDS=2 -DTIMERS=1 -DSTART=1 -DPERIOD=1 -DLATENCY=2 -DFILLS -DSLOTS=1 -DBREAK_RULE7_NO_DRAIN | stuck
rule7-no-space-wake   | lockstep | -DTOPOLOGY=PAIR -DSENDS=2 -DTIMERS=1 -DSTART=1 -DPERIOD=1 -DLATENCY=2 -DFILLS -DSLOTS=1 -DFUTEX -DBREAK_RULE7_NO_SPACE_WAKE | stuck

# Rule 4: the version comes round.
wrap                  | wrap | -DSENDERS=2 -DSLOTS=1 -DVERSIONS=7 -DSENDS=8 | holds
wrap-two-slots        | wrap | -DSENDERS=1 -DSLOTS=2 -DVERSIONS=6 -DSENDS=8 | holds
rule4-range           | wrap | -DSENDERS=2 -DSLOTS=1 -DVERSIONS=6 -DSENDS=8 | undelivered_at_exit
rule4-range-two-slots | wrap | -DSENDERS=1 -DSLOTS=2 -DVERSIONS=5 -DSENDS=8 | undelivered_at_exit
rule4-drain-until-empty | wrap | -DSENDERS=2 -DSLOTS=1 -DVERSIONS=7 -DSENDS=6 -DBREAK_RULE4_DRAIN_UNTIL_EMPTY | stuck

# Rule 5: the bouncing message.
bounce                | bounce | -DTHROWS=20 | holds
rule5-words           | bounce | -DTHROWS=20 -DBREAK_RULE5_WORDS | pushed_in_the_past

# Rule 6, and rule 2 within an instruction.
ordered               | ordered | -DACCESSES=1 -DSENDS=1 -DANSWERS=0 -DKICKS=0 -DLENGTH=3 | holds
ordered-answer        | ordered | -DACCESSES=1 -DSENDS=1 -DANSWERS=1 -DKICKS=0 -DLENGTH=3 -DCOARSE | holds
ordered-two-touch     | ordered | -DACCESSES=1 -DSENDS=1 -DTOUCHERS=2 -DANSWERS=0 -DKICKS=0 -DLENGTH=3 | holds
ordered-kicked        | ordered | -DACCESSES=1 -DSENDS=0 -DANSWERS=0 -DKICKS=1 -DLENGTH=3 | holds
rule2-stamp-below     | ordered | -DACCESSES=1 -DSENDS=1 -DANSWERS=1 -DCOARSE -DKICKS=0 -DLENGTH=3 -DBREAK_RULE2_STAMP_BELOW | drained_in_the_past
rule2-leave-lowered   | ordered | -DACCESSES=1 -DSENDS=1 -DANSWERS=0 -DKICKS=0 -DLENGTH=3 -DBREAK_RULE2_LEAVE_LOWERED | stuck
rule6-no-publish      | ordered | -DACCESSES=1 -DSENDS=0 -DANSWERS=0 -DKICKS=0 -DLENGTH=3 -DBREAK_RULE6_NO_PUBLISH | stuck
rule6-no-wait         | ordered | -DACCESSES=1 -DSENDS=0 -DANSWERS=0 -DKICKS=0 -DLENGTH=3 -DBREAK_RULE6_NO_WAIT | access_out_of_order
rule6-toucher-only    | ordered | -DACCESSES=1 -DSENDS=1 -DTOUCHERS=2 -DANSWERS=0 -DKICKS=0 -DLENGTH=3 -DBREAK_RULE6_TOUCHER_ONLY | access_out_of_order
rule6-compare-k       | ordered | -DACCESSES=1 -DSENDS=1 -DTOUCHERS=2 -DANSWERS=0 -DKICKS=0 -DLENGTH=3 -DBREAK_RULE6_COMPARE_K | access_out_of_order
rule6-no-tie          | ordered | -DACCESSES=1 -DSENDS=0 -DANSWERS=0 -DKICKS=0 -DLENGTH=3 -DBREAK_RULE6_NO_TIE | stuck
rule6-any-tie         | ordered | -DACCESSES=1 -DSENDS=0 -DANSWERS=0 -DKICKS=0 -DLENGTH=3 -DBREAK_RULE6_ANY_TIE | access_out_of_order
rule6-no-abandon      | ordered | -DACCESSES=1 -DSENDS=1 -DANSWERS=0 -DKICKS=0 -DLENGTH=3 -DBREAK_RULE6_NO_ABANDON | drained_in_the_past

# Rules 8, 9 and 10.
broker                | broker | -DSENDS=1 -DSENDS1=1 -DARM=2 -DREACTION=3 -DCOARSE | holds
broker-two-bytes      | broker | -DSENDS=2 -DSENDS1=0 -DARM=2 -DREACTION=3 -DCOARSE | holds
rule8-drain-first     | broker | -DSENDS=1 -DSENDS1=1 -DARM=2 -DREACTION=3 -DBREAK_RULE8_DRAIN_FIRST | acted_below_own_word
rule8-keep-p          | broker | -DSENDS=2 -DSENDS1=0 -DARM=2 -DREACTION=3 -DCOARSE -DBREAK_RULE8_KEEP_P | acted_below_own_word
rule8-raise-first     | broker | -DSENDS=1 -DSENDS1=1 -DARM=2 -DREACTION=3 -DCOARSE -DBREAK_RULE8_RAISE_FIRST | acted_below_own_word
rule8-not-armed       | broker | -DSENDS=1 -DSENDS1=1 -DARM=2 -DREACTION=3 -DCOARSE -DBREAK_RULE8_NOT_ARMED | acted_below_own_word
rule8-arm-late        | broker | -DSENDS=1 -DSENDS1=1 -DARM=6 -DREACTION=3 -DCOARSE -DBREAK_RULE8_ARM_LATE | acted_below_own_word
park                  | park | -DSTEPS=1 -DLENGTH=2 -DCEILING=4 -DCOARSE | holds
rule9-lower-ceiling   | park | -DSTEPS=1 -DLENGTH=2 -DCEILING=4 -DCOARSE -DBREAK_RULE9_LOWER_CEILING | inconsistent_at_C
rule9-keep-horizon    | park | -DSTEPS=1 -DLENGTH=2 -DCEILING=4 -DCOARSE -DBREAK_RULE9_KEEP_HORIZON | drained_in_the_past
rule9-ack-start       | park | -DSTEPS=1 -DLENGTH=2 -DCEILING=4 -DCOARSE -DBREAK_RULE9_ACK_START | inconsistent_at_C
rule9-pass-ceiling    | park | -DSTEPS=1 -DLENGTH=2 -DCEILING=4 -DCOARSE -DBREAK_RULE9_PASS_CEILING | acted_below_own_word
power                 | power | -DOFF=2 -DON=6 -DSENDS=5 -DPERIOD=2 -DQUEUE=8 -DSLOTS=1 -DFILLS | holds
rule10-keep-word      | power | -DOFF=2 -DON=6 -DSENDS=5 -DPERIOD=2 -DQUEUE=8 -DSLOTS=1 -DFILLS -DBREAK_RULE10_KEEP_WORD | stuck
rule10-no-drain       | power | -DOFF=2 -DON=6 -DSENDS=5 -DPERIOD=2 -DQUEUE=8 -DSLOTS=1 -DFILLS -DBREAK_RULE10_NO_DRAIN | stuck
rule10-drop-early     | power | -DOFF=2 -DON=6 -DSENDS=5 -DPERIOD=2 -DQUEUE=8 -DSLOTS=1 -DFILLS -DBREAK_RULE10_DROP_EARLY | dropped_too_early
rule10-on-late        | power | -DOFF=2 -DON=6 -DSENDS=5 -DPERIOD=2 -DQUEUE=8 -DSLOTS=1 -DFILLS -DBREAK_RULE10_ON_LATE | drained_in_the_past

# Turn mode.
turns                 | turns | -DWINDOW=4 -DSTEPS=1 -DSENDS=1 -DSPARE=1 -DCEILING=5 | holds
turns-two-windows     | turns | -DWINDOW=4 -DSTEPS=0 -DSENDS=1 -DSPARE=1 -DCEILING=8 | holds
turns-snapshot-once   | turns | -DWINDOW=4 -DSTEPS=0 -DSENDS=1 -DSPARE=1 -DCEILING=8 -DBREAK_RULE5_ONCE | not_the_smallest
turns-access-at-once  | turns | -DWINDOW=4 -DSTEPS=1 -DSENDS=1 -DSPARE=0 -DCEILING=5 -DBREAK_TURNS_ACCESS_AT_ONCE | access_out_of_order
turns-ignore-broker   | turns | -DWINDOW=4 -DSTEPS=0 -DSENDS=1 -DSPARE=1 -DCEILING=5 -DBREAK_TURNS_IGNORE_BROKER | drained_in_the_past
END
}

# All that pan says of a search that was cut short.
truncated='max search depth too small|out of memory|MEMLIM bound|truncated|aborted|hash-compact'

# One case in the current directory; prints its line.
check() {
    name=$1 model=$2 flags=$3 expected=$4
    # Most of the time is the compiler's: -O1 costs pan a tenth, and gcc half of what -O2 does.
    # shellcheck disable=SC2086  # the switches are words
    if ! spin -a $flags "$here/$model.pml" >spin.out 2>&1 ||
        ! gcc -O1 -w -DSAFETY -DMEMLIM=1900 -o pan pan.c >gcc.out 2>&1; then
        echo "not ok - $name: does not build: $(grep -h -m 1 -i error ./*.out)"
        return
    fi
    nice -n 5 ./pan -m1000000 >out 2>&1
    cost=$(awk '/states, stored/ { printf "%s states", $1 }
        /^pan: elapsed time/ { printf ", %s s", $4 }' out)
    if grep -q -i -E "$truncated" out || ! grep -q '^Full statespace search for:' out; then
        got="search cut short"
    elif grep -q 'errors: 0$' out && ! grep -q 'not completed' out; then
        got=holds
    else
        got=$(sed -n -e 's/^pan:1: assertion violated .*(\([A-Za-z_]*\)).*/\1/p' \
            -e 's/^pan:1: invalid end state.*/stuck/p' out)
    fi
    if [ "$got" = "$expected" ]; then
        echo "ok - $name: $got, $cost"
    else
        echo "not ok - $name: expected $expected, got ${got:-$(grep -m 1 ^pan out)}, $cost"
    fi
}

# Takes cases nobody has taken yet.
worker() {
    i=0
    while IFS='|' read -r name model flags expected; do
        i=$((i + 1))
        mkdir "$work/$i" 2>/dev/null || continue
        cd "$work/$i" && check "$name" "$model" "$flags" "$expected"
        rm -rf "${work:?}/$i"/*
    done <"$work/chosen"
}

here=$(cd "$(dirname "$0")" && pwd) || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

cases | sed -e 's/ *| */|/g' -e 's/ *$//' |
    awk -F '|' -v names="$*" '
        BEGIN { all = !split(names, n, " "); for (i in n) want[n[i]] }
        all || $1 in want' >"$work/chosen"
total=$(wc -l <"$work/chosen")
if [ $# -gt 0 ] && [ "$total" -ne $# ]; then
    echo "run.sh: not all of these are cases, see the table in $0: $*" >&2
    exit 2
fi

echo "1..$total"
{
    n=${JOBS:-2}
    while [ "$n" -gt 0 ]; do
        worker &
        n=$((n - 1))
    done
    wait
} | awk -v total="$total" '
    { n++; sub(/ok -/, "ok " n " -"); print; fflush() }
    /^not/ { failed = 1 }
    END { exit failed || n != total }'

# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# The test driver: runs the units, counts every subtest, and ends with one line,
# "N passed, N failed". Sourced by bootstrap.
#
# A unit is what can be named on the command line:
#   lint/format lint/shell       quick parts of `./bootstrap lint`
#   c/SUITE/NAME                 the C tests, as meson knows them
#   asan/… tsan/…                the same under gcc's sanitizers
#   model                        tests/model/run.sh
#   e2e/NAME                     tests/e2e/NAME.sh
#   asan-e2e/NAME                (--full) the same with the sanitized orrery and broker
#   asan-qemu/NAME               (--full) those of our machines with a sanitized QEMU
#
# Scripts print TAP with a plan; "# timeout: SECONDS" in one sets its limit.

# Limits are for what hangs: that much longer than on a quiet machine.
TEST_PATIENCE=5

TEST_PASSED=0
TEST_FAILED=0
TEST_SKIPPED=0
TEST_NAMES=

test_arguments() {
    for argument; do
        case $argument in
            --full) export ORRERY_FULL=1 ;;
            -*) die 2 "test: no such option: $argument" ;;
            *) TEST_NAMES="$TEST_NAMES $argument" ;;
        esac
    done
}

# Is the unit (or a group of units that starts like this) asked for?
test_wanted() {
    [ -n "$TEST_NAMES" ] || return 0
    for test_name in $TEST_NAMES; do
        case $1 in *"$test_name"*) return 0 ;; esac
    done
    return 1
}

# Could a test under a sanitizer be meant? Then those builds are needed.
test_wants_sanitizers() {
    [ -n "$TEST_NAMES" ] || return 0
    for test_name in $TEST_NAMES; do
        case $test_name in lint* | model* | e2e* | asan-qemu*) continue ;; esac
        [ -z "$(find "$ROOT/tests/e2e" -name "*$test_name*.sh")" ] || continue
        return 0
    done
    return 1
}

# The scripts that run guests of our machines only.
TEST_ASAN_QEMU='wb55 st33 usbredir'

test_wants_asan_qemu() {
    [ -n "${ORRERY_FULL:-}" ] || return 1
    for test_base in $TEST_ASAN_QEMU; do
        ! test_wanted "asan-qemu/$test_base" || return 0
    done
    return 1
}

# A bad access ends its QEMU, and with it the run; undefined behaviour is reported, and counts where
# it is ours. QEMU frees little when it ends, so what it leaks is not looked at.
test_asan_qemu() {
    export ASAN_OPTIONS="abort_on_error=0:detect_leaks=0:log_path='$TEST_LOGS/asan-qemu-report'"
    export UBSAN_OPTIONS="print_stacktrace=1:log_path='$TEST_LOGS/asan-qemu-report'"
    for test_base in $TEST_ASAN_QEMU; do
        if test_wanted "asan-qemu/$test_base"; then
            test_tap "asan-qemu/$test_base" 36000 env ORRERY_QEMU_DIR="$QEMU_TREE/asan" \
                sh "$ROOT/tests/e2e/$test_base.sh"
        fi
    done
    unset ASAN_OPTIONS UBSAN_OPTIONS
    test_simple asan-qemu/reports test_asan_qemu_reports
}

test_asan_qemu_reports() {
    ! cat "$TEST_LOGS"/asan-qemu-report.* 2>/dev/null | grep 'hw/orrery/.*runtime error'
}

# test_build - beside the main build; called under the lock.
test_build() {
    ! test_wants_asan_qemu || qemu_build_asan
    test_wants_sanitizers || return 0
    orrery_build_asan
    orrery_build_tsan
}

# test_result UNIT PASSED FAILED SKIPPED SECONDS
test_result() {
    TEST_PASSED=$((TEST_PASSED + $2))
    TEST_FAILED=$((TEST_FAILED + $3))
    TEST_SKIPPED=$((TEST_SKIPPED + $4))
    test_verdict=ok
    [ "$3" -eq 0 ] || test_verdict=FAILED
    printf '%-6s  %-32s %4d passed' $test_verdict "$1" "$2"
    [ "$3" -eq 0 ] || printf ', %d failed' "$3"
    [ "$4" -eq 0 ] || printf ', %d skipped' "$4"
    printf ', %d s\n' "$5"
}

# Run a command as a unit with its output in a log; sets TEST_CODE, TEST_SECONDS and TEST_LOG.
test_run() {
    TEST_LOG=$TEST_LOGS/$(echo "$1" | tr / -).log
    test_title=$1
    test_limit=$2
    shift 2
    test_id=$$-$test_title
    watch_begin "$test_title" "$TEST_LOG"
    TEST_CODE=0
    ORRERY_TEST_ID=$test_id timeout --foreground -k 10 "$test_limit" "$@" \
        >"$TEST_LOG" 2>&1 </dev/null || TEST_CODE=$?
    watch_end
    TEST_SECONDS=$WATCH_SECONDS
    # Nothing may outlive a test.
    test_left=$(test_processes "$test_id")
    if [ -n "$test_left" ]; then
        # shellcheck disable=SC2086 # words
        {
            echo "# left running:"
            ps -o pid,args -p "$(echo $test_left | tr ' ' ,)" | sed 's/^/# /' || true
            kill -KILL $test_left || true
        } >>"$TEST_LOG" 2>&1
        [ "$TEST_CODE" -ne 0 ] || TEST_CODE=left
    fi
}

# Who still runs with this ORRERY_TEST_ID in its environment?
test_processes() {
    grep -lsz -x "ORRERY_TEST_ID=$1" /proc/[0-9]*/environ 2>/dev/null | cut -d / -f 3 || true
}

# test_tap UNIT LIMIT COMMAND… - a script that prints TAP.
test_tap() {
    test_unit=$1
    test_run "$@"
    if [ "$TEST_CODE" = 124 ] || [ "$TEST_CODE" = 137 ]; then
        echo "# the limit of $2 s passed" >>"$TEST_LOG"
    fi
    test_counts=$(awk -v code="$TEST_CODE" '
        /^1\.\.[0-9]+/ {
            plans++
            split(substr($1, 4), words, " ")
            plan = words[1] + 0
            if (plan == 0 && tolower($0) ~ /# *skip/)
                skipped++
        }
        /^ok([ \t]|$)/ {
            seen++
            if (tolower($0) ~ /# *skip/) skipped++; else passed++
        }
        /^not ok([ \t]|$)/ { seen++; failed++ }
        END {
            if (failed == 0 && (plans != 1 || plan != seen || code != "0"))
                failed++
            else if (plans == 1 && plan > seen)
                failed++
            printf "%d %d %d %d %d\n", passed, failed, skipped, plans, plan - seen
        }' "$TEST_LOG")
    # shellcheck disable=SC2086 # words
    set -- $test_counts
    test_result "$test_unit" "$1" "$2" "$3" "$TEST_SECONDS"
    if [ "$3" -gt 0 ]; then
        sed -n -e '/^ok.*# *[Ss][Kk][Ii][Pp]/p' -e '/^1\.\.0.*# *[Ss][Kk][Ii][Pp]/p' "$TEST_LOG" | sed 's/^/        /'
    fi
    [ "$2" -gt 0 ] || return 0
    # what failed, each with the lines of explanation that follow it
    awk '/^not ok/ { show = 1 } /^(ok|1\.\.)/ { show = 0 } show' "$TEST_LOG" | head -n 40 | sed 's/^/        /'
    if [ "$4" -ne 1 ] || [ "$5" -ne 0 ] || ! grep -q '^not ok' "$TEST_LOG"; then
        printf '        exit code %s, %s plan(s), %s test(s) short of the plan; the end of the log:\n' \
            "$TEST_CODE" "$4" "$5"
        tail -n 12 "$TEST_LOG" | sed 's/^/        | /'
    fi
    printf '        log: %s\n' "$TEST_LOG"
}

# test_simple UNIT COMMAND… - passes when the command does.
test_simple() {
    test_unit=$1
    shift
    TEST_LOG=$TEST_LOGS/$(echo "$test_unit" | tr / -).log
    watch_begin "$test_unit" "$TEST_LOG"
    TEST_CODE=0
    "$@" >"$TEST_LOG" 2>&1 || TEST_CODE=$?
    watch_end
    case $TEST_CODE in
        0) test_result "$test_unit" 1 0 0 "$WATCH_SECONDS" ;;
        77)
            test_result "$test_unit" 0 0 1 "$WATCH_SECONDS"
            sed 's/^/        /' "$TEST_LOG"
            ;;
        *)
            test_result "$test_unit" 0 1 0 "$WATCH_SECONDS"
            tail -n 20 "$TEST_LOG" | sed 's/^/        | /'
            printf '        log: %s\n' "$TEST_LOG"
            ;;
    esac
}

# test_c GROUP DIR SUITES - the C tests of a build; SUITES is a pattern for expr.
test_c() {
    test_group=$1
    test_dir=$2
    test_chosen=
    # "orrery:ipc / ring" (one suite only: "ipc / ring"); meson tells the rest on stderr
    test_list=$(meson test -C "$test_dir" --list 2>/dev/null |
        sed -n 's#^\(.*:\)\{0,1\}\([^ ]*\) / \(.*\)$#\2/\3#p')
    for test_one in $test_list; do
        expr "$test_one" : "$3" >/dev/null || continue
        test_wanted "$test_group/$test_one" && test_chosen="$test_chosen ${test_one#*/}"
    done
    [ -n "$test_chosen" ] || return 0
    rm -f "$test_dir/meson-logs/testlog.json"
    # gcc 12's libtsan cannot place its shadow on kernels that randomise more bits
    test_wrapper=
    test_factor=$TEST_PATIENCE
    if [ "$test_group" != c ]; then
        test_factor=$((4 * TEST_PATIENCE))
        setarch "$(uname -m)" -R true 2>/dev/null && test_wrapper="setarch $(uname -m) -R"
    fi
    # Into files, not stderr, which the tests compare: the leak check remarks there upon threads
    # that end while it looks. What it finds is an exit code.
    test_reports=$TEST_LOGS/$test_group-report
    export ASAN_OPTIONS="abort_on_error=0:detect_leaks=1:log_path='$test_reports'"
    export TSAN_OPTIONS="halt_on_error=1:log_path='$test_reports'"
    export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
    export ORRERY_FIRMWARE_DIR="$BUILD/tests/firmware"
    # shellcheck disable=SC2086 # words
    test_run "$test_group" 7200 $test_wrapper meson test -C "$test_dir" --no-rebuild \
        --timeout-multiplier $test_factor --print-errorlogs $test_chosen
    unset ASAN_OPTIONS TSAN_OPTIONS UBSAN_OPTIONS ORRERY_FIRMWARE_DIR
    # One line per test: NAME RESULT SECONDS PASSED FAILED SKIPPED, from the TAP in its stdout.
    test_table=$TEST_LOGS/$test_group.table
    sed 's/^{//' "$test_dir/meson-logs/testlog.json" 2>/dev/null | awk '
        function field(key,    at, rest) {
            at = index($0, "\"" key "\": ")
            if (!at) return ""
            rest = substr($0, at + length(key) + 4)
            if (rest ~ /^"/) {
                sub(/^"/, "", rest)
                sub(/".*/, "", rest)
            } else
                sub(/[,}].*/, "", rest)
            return rest
        }
        {
            name = field("name")
            sub(/^.*:/, "", name)
            sub(/ \/ /, "/", name)
            result = field("result")
            out = $0
            sub(/"result": .*/, "", out)
            gsub(/\\r/, "", out)
            skipped = gsub(/\\n(not )?ok [^\\]*# *(SKIP|skip)/, "", out)
            failed = gsub(/(\\n|"stdout": ")not ok /, "", out)
            passed = gsub(/(\\n|"stdout": ")ok /, "", out)
            if (result == "SKIP" && skipped == 0) skipped = 1
            if (result == "OK" && passed == 0 && skipped == 0) passed = 1
            if (result != "OK" && result != "SKIP" && failed == 0) failed = 1
            printf "%s %s %d %d %d %d\n", name, result, field("duration"), passed, failed, skipped
        }' >"$test_table"
    test_bad=0
    for test_one in $test_chosen; do
        test_line=$(grep -E "^[^ ]*/$test_one " "$test_table" | head -n 1)
        if [ -z "$test_line" ]; then
            test_line="?/$test_one ERROR 0 0 1 0"
        fi
        # shellcheck disable=SC2086 # words
        set -- $test_line
        test_result "$test_group/$1" "$4" "$5" "$6" "$3"
        test_bad=$((test_bad + $5))
    done
    if [ "$test_bad" -eq 0 ] && [ "$TEST_CODE" != 0 ]; then
        test_result "$test_group" 0 1 0 "$TEST_SECONDS"
        test_bad=1
    fi
    if [ "$test_bad" -gt 0 ]; then
        for test_said in "$TEST_LOG" "$test_reports".*; do
            [ ! -f "$test_said" ] ||
                sed -n -e '/^not ok/p' -e '/^# \|ERROR: \|runtime error\|SUMMARY: /p' "$test_said"
        done | head -n 40 | sed 's/^/        | /'
        printf '        log: %s\n' "$TEST_LOG"
    fi
}

# test_e2e GROUP - the scripts, one after the other.
test_e2e() {
    for test_script in "$ROOT"/tests/e2e/*.sh; do
        test_base=$(basename "$test_script" .sh)
        [ -f "$test_script" ] && [ "$test_base" != lib ] || continue
        test_wanted "$1/$test_base" || continue
        test_limit=$(sed -n 's/^# timeout: *\([0-9][0-9]*\).*/\1/p' "$test_script" | head -n 1)
        test_limit=$((${test_limit:-600} * TEST_PATIENCE))
        [ -z "${ORRERY_FULL:-}" ] || test_limit=$((test_limit * 20))
        test_shell=$(sed -n '1s,^#! *\(.*\),\1,p' "$test_script")
        # shellcheck disable=SC2086 # words
        test_tap "$1/$test_base" "$test_limit" ${test_shell:-/bin/sh} "$test_script"
    done
}

test_all() {
    TEST_LOGS=$BUILD/test-logs
    rm -rf "$TEST_LOGS"
    mkdir -p "$TEST_LOGS"
    now
    test_start=$NOW
    unset ORRERY_TEST_ID ORRERY
    export CCACHE_DIR="$CACHE/ccache" # a test builds and installs
    WATCH_PATIENCE=20
    if test_wanted lint/format; then test_simple lint/format lint_format; fi
    if test_wanted lint/shell; then test_simple lint/shell lint_shell; fi
    test_c c "$BUILD" '.*'
    if test_wants_sanitizers; then
        test_c asan "$BUILD-asan" '.*'
        test_c tsan "$BUILD-tsan" 'ipc/'
    fi
    if [ -f "$ROOT/tests/model/run.sh" ] && test_wanted model; then
        test_tap model "$([ -n "${ORRERY_FULL:-}" ] && echo 7200 || echo 1200)" sh "$ROOT/tests/model/run.sh"
    fi
    test_e2e e2e
    if test_wants_asan_qemu; then test_asan_qemu; fi
    if [ -n "${ORRERY_FULL:-}" ] && test_wants_sanitizers; then
        export ORRERY="$BUILD-asan/launch/orrery" ORRERY_FIRMWARE_DIR="$BUILD/tests/firmware"
        export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
        test_e2e asan-e2e
    fi
    now
    say
    say "$((NOW - test_start)) s; logs in $TEST_LOGS"
    [ $((TEST_PASSED + TEST_FAILED)) -gt 0 ] || note "no test has such a name:$TEST_NAMES"
    if [ "$TEST_SKIPPED" -gt 0 ]; then
        say "$TEST_PASSED passed, $TEST_FAILED failed, $TEST_SKIPPED skipped"
    else
        say "$TEST_PASSED passed, $TEST_FAILED failed"
    fi
    [ "$TEST_FAILED" -eq 0 ] && [ "$TEST_PASSED" -gt 0 ]
}

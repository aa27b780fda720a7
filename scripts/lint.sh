# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# clang-format, clang-tidy, cppcheck, shellcheck; QEMU's checkpatch.pl for what goes into QEMU.
# A part returns 0, 1, or 77 when its tool is not there. Sourced by bootstrap.

LINT_FORMAT_VERSION=14 # other versions lay out some lines differently

# Our C files, relative to the checkout.
lint_c_files() {
    (cd "$ROOT" && find ipc broker launch schema testlib cpu2 tests examples -name '*.[ch]' 2>/dev/null | sort)
}

lint_clang_format() {
    for tool in clang-format-$LINT_FORMAT_VERSION clang-format; do
        if "$tool" --version 2>/dev/null | grep -q "version $LINT_FORMAT_VERSION\."; then
            echo "$tool"
            return 0
        fi
    done
    return 1
}

lint_format() {
    if ! lint_tool=$(lint_clang_format); then
        echo "clang-format $LINT_FORMAT_VERSION is not here; the layout of C files was not checked"
        return 77
    fi
    lint_bad=$(cd "$ROOT" && lint_c_files | xargs -r "$lint_tool" --dry-run -Werror 2>&1 |
        sed -n 's/^\([^ :]*\):.*clang-format-violations.*/\1/p' | sort -u)
    [ -n "$lint_bad" ] || return 0
    echo "not laid out as .clang-format says (./bootstrap lint --fix):"
    echo "$lint_bad"
    return 1
}

lint_fix() {
    lint_tool=$(lint_clang_format) || die 3 "clang-format $LINT_FORMAT_VERSION is not here"
    (cd "$ROOT" && lint_c_files | xargs -r "$lint_tool" -i)
}

lint_shell() {
    (
        cd "$ROOT" || return 1
        # the parts of bootstrap are read through it
        shellcheck -x bootstrap scripts/install-*.sh || return 1
        # sourcing lib.sh by a computed name is no finding
        find .ci tests examples docs -type f ! -name '*.in' ! -name '*.elf' -exec grep -lEm 1 \
            '^(#!.*[/ ](ba|da)?sh\b|# shellcheck shell=)' {} + | sort | xargs -r shellcheck -e SC1090,SC1091
    )
}

lint_tidy() {
    command -v clang-tidy >/dev/null || return 77
    # what meson compiles in our folders, each file once, tests left out
    sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' "$BUILD/compile_commands.json" |
        grep -E '/(ipc|broker|launch|testlib)/[^/]*\.c$' | grep -vE '_test\.c$|/test_' | sort -u |
        (cd "$BUILD" && xargs -r -n 4 -P "$(nproc)" clang-tidy -p "$BUILD" --quiet --extra-arg=-w)
}

lint_cppcheck() {
    command -v cppcheck >/dev/null || return 77
    (cd "$ROOT" && cppcheck -q -j "$(nproc)" --std=c11 --language=c --error-exitcode=1 \
        --enable=warning,performance,portability --inline-suppr \
        --suppress=missingIncludeSystem --suppress=unmatchedSuppression \
        -D_GNU_SOURCE -D__linux__ -I ipc ipc broker launch testlib)
}

lint_checkpatch() {
    lint_script=$QEMU_SRC/scripts/checkpatch.pl
    command -v perl >/dev/null && [ -f "$lint_script" ] || return 77
    # Its warnings are advice; lines may have 100 characters, as elsewhere in the project, and
    # a macro that is a list of VMState fields cannot have parentheses.
    for file in "$ROOT"/qemu-patches/hw/orrery/*.[ch] "$ROOT"/qemu-patches/hw/orrery/*/*.[ch]; do
        [ -f "$file" ] || continue
        (cd "$QEMU_SRC" && perl "$lint_script" --no-tree --no-signoff --terse -q -f "$file") || true
    done >"$LOGS/checkpatch"
    ! grep ': ERROR: ' "$LOGS/checkpatch" | grep -v 'line over 90 characters$\|Macros with complex values'
}

# How much the patches change of upstream's files (docs say at most 500 lines).
lint_patch_size() {
    lint_lines=$(cd "$ROOT/qemu-patches" && qemu_patches | xargs -r cat | grep -c '^[-+][^-+]' || true)
    echo "$lint_lines lines changed by the patches"
    [ "$lint_lines" -le 500 ]
}

lint_all() {
    lint_failed=
    for part in format shell tidy cppcheck checkpatch patch_size; do
        lint_code=0
        try "lint: $part" "lint-$part" "lint_$part" || lint_code=$?
        case $lint_code in
            0) say "ok       $part" ;;
            77) say "skipped  $part: its tool is not here" ;;
            *)
                cat "$STEP_LOG"
                say "FAILED   $part"
                lint_failed=1
                ;;
        esac
    done
    [ -z "$lint_failed" ]
}

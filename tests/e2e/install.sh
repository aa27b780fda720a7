#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `meson install` under any prefix gives an orrery that works from there, with an empty
# environment and a build directory nobody needs any more.
# timeout: 1200
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

PREFIX=$SCRATCH/prefix
export CCACHE_TEMPDIR="$SCRATCH/ccache" # meson uses ccache, which likes XDG_RUNTIME_DIR

run_timeout 120 meson setup "$SCRATCH/build" "$TOP" --prefix "$PREFIX" -Dqemu_dir="$ORRERY_QEMU_DIR"
is "a build for a prefix is configured" "$RC" 0
run_timeout 800 ninja -C "$SCRATCH/build"
is "it builds" "$RC" 0
run_timeout 60 meson install -C "$SCRATCH/build" --no-rebuild
is "it installs" "$RC" 0
rm -rf "$SCRATCH/build"

# Nothing of the build's environment: the program finds its parts beside itself.
installed() {
    run_timeout 60 env -i PATH=/usr/bin:/bin HOME="$SCRATCH" XDG_RUNTIME_DIR="$XDG_RUNTIME_DIR" \
        ORRERY_E2E_ID="$SCRATCH" "$PREFIX/bin/orrery" "$@"
}

installed --version
is "orrery --version" "$RC" 0
installed validate "$PREFIX/share/orrery/examples/uart-pair.yaml"
is "it validates an installed example" "$RC" 0
installed run "$PREFIX/share/orrery/examples/uart-pair.yaml" --dry-run
contains "its QEMU is the installed one" "$OUT" "$PREFIX/libexec/orrery/qemu-system-arm"
installed run "$PREFIX/share/orrery/examples/uart-pair.yaml"
is "it runs an installed example" "$RC" 0
contains "with the right dialogue" "$OUT" "ping: 20 replies, 0 errors"

# An outsider's test in C: the example, built with what pkg-config says, and nothing of ours in PATH.
cp "$PREFIX/share/orrery/examples/uart-pair_test.c" "$SCRATCH"
PC=$(find "$PREFIX" -name orrery-test.pc)
flags() { PKG_CONFIG_PATH=${PC%/*} pkg-config "$@" orrery-test cmocka; }
# shellcheck disable=SC2046 # words
run_timeout 60 cc -Wall -Wextra -pedantic -Werror "$SCRATCH/uart-pair_test.c" \
    $(flags --cflags --libs) -o "$SCRATCH/uart-pair_test"
is "the example in C builds with the installed header and library" "$RC" 0
run_timeout 60 env -i PATH=/usr/bin:/bin HOME="$SCRATCH" XDG_RUNTIME_DIR="$XDG_RUNTIME_DIR" \
    ORRERY_E2E_ID="$SCRATCH" "$SCRATCH/uart-pair_test" "$PREFIX/share/orrery/examples/uart-pair.yaml"
is "it passes, with the installed orrery" "$RC" 0
[ "$RC" -eq 0 ] || diag_file "$ERR"

# The CI kit: the image has every library that the programs name, and what it runs is there.
KIT=$PREFIX/share/orrery/examples/ci
packages_of() { # FILE... - of the libraries they need
    objdump -p "$@" 2>/dev/null | sed -n 's/^ *NEEDED *//p' | sort -u | while read -r library; do
        path=$(/sbin/ldconfig -p | sed -n "s|^[[:space:]]*$library (.*x86-64.*=> ||p" | head -n 1)
        path=$(readlink -f "$path")
        dpkg-query -S "$path" "/usr$path" "${path#/usr}" 2>/dev/null | head -n 1 | cut -d : -f 1
    done | sort -u
}
if grep -qx 'VERSION_ID="12"' /etc/os-release && [ "$(uname -m)" = x86_64 ]; then
    for package in $(packages_of "$PREFIX/bin/orrery" "$PREFIX"/libexec/orrery/*); do
        check "Containerfile: installs $package" grep -qwF -e "$package" "$KIT/Containerfile"
    done
else
    skip "Containerfile: its libraries" "not Debian 12 on x86-64"
fi
for word in ./bootstrap examples/ci/Containerfile; do
    check "the CI kit names $word" grep -rqF -e "$word" "$KIT"
    check "and $word is there" test -e "$TOP/$word"
done
# Its `orrery test` is one that orrery understands.
for file in Containerfile github-workflow.yml; do
    options=$(sed -n 's/.*orrery test tests\(.*\)/\1/p' "$KIT/$file" | sed 's/${{ matrix.shard }}/1/')
    # shellcheck disable=SC2086 # words
    run_timeout 20 "$ORRERY" test "$EXAMPLES" --list $options
    is "$file: orrery test$options" "$RC" 0
done

done_testing

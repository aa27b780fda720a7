# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Orrery's own builds. Sourced by bootstrap.

# orrery_build DIR NAME TARGETS OPTION… - configure when something that matters changed; build
# TARGETS (a pattern over ninja's; '' is all).
orrery_build() {
    orrery_dir=$1
    orrery_name=$2
    orrery_pattern=$3
    shift 3
    set -- -Dqemu_dir="$QEMU_BUILD" "$@"
    # Compilers and libraries that came since the last time make a new configuration.
    orrery_stamp="$* $(meson --version) $(command -v arm-none-eabi-gcc || :)
$(command -v riscv64-unknown-elf-gcc || :) $(ls /usr/include/cmocka.h 2>/dev/null || :)
checkout $ROOT"
    # a build of another checkout, copied along with it
    if grep -sv -x -F "checkout $ROOT" "$orrery_dir/.bootstrap" | grep -q '^checkout '; then
        rm -rf "$orrery_dir"
    fi
    if ! [ -f "$orrery_dir/build.ninja" ]; then
        step "configure Orrery ($orrery_name)" "orrery-configure-$orrery_name" \
            orrery_env meson setup "$orrery_dir" "$ROOT" "$@"
    elif [ "$orrery_stamp" != "$(cat "$orrery_dir/.bootstrap" 2>/dev/null)" ]; then
        step "configure Orrery ($orrery_name)" "orrery-configure-$orrery_name" \
            orrery_env meson setup --reconfigure "$orrery_dir" "$ROOT" "$@"
    fi
    printf '%s\n' "$orrery_stamp" >"$orrery_dir/.bootstrap"
    orrery_targets=
    if [ -n "$orrery_pattern" ]; then
        orrery_targets=$(ninja -C "$orrery_dir" -t targets all | sed -n "s/^\($orrery_pattern\): .*/\1/p")
    fi
    # shellcheck disable=SC2086 # words
    step "build Orrery ($orrery_name)" "orrery-build-$orrery_name" \
        orrery_env ninja -C "$orrery_dir" $orrery_targets
}

# meson finds ccache by itself; its files belong into our cache
orrery_env() {
    env CCACHE_DIR="$CACHE/ccache" CCACHE_MAXSIZE=3G "$@"
}

# The same code with gcc's sanitizers, for the C tests.
orrery_build_asan() {
    orrery_build "$BUILD-asan" asan '' -Db_sanitize=address,undefined -Dfirmware=disabled -Dtests=enabled
}

orrery_build_tsan() {
    orrery_build "$BUILD-tsan" tsan 'ipc\/[a-z_]*_test' -Db_sanitize=thread -Dfirmware=disabled \
        -Dtests=enabled
}

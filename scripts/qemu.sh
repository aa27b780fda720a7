# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# The patched QEMU in the cache:
#
#   qemu-VERSION-KEY/src     QEMU's source with qemu-patches/series applied, and hw/orrery/
#   qemu-VERSION-KEY/build   its build
#
# KEY is a hash over the patches: another series is another tree (ccache makes it quick), while
# an edit of hw/orrery/, ipc/ or schema/ is an incremental build. Sourced by bootstrap.

# Two trees are kept: the one in use and the one before.
QEMU_KEEP=2

# Targets that are always configured, though built only when named. The common objects depend
# on the list (config-poison.h): with another list all of QEMU is compiled again.
QEMU_LIKELY='arm aarch64 riscv32 riscv64 xtensa'

# The patches of the series, in order.
qemu_patches() {
    sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$ROOT/qemu-patches/series" 2>/dev/null || true
}

# qemu_tree - sets QEMU_TREE, QEMU_SRC and QEMU_BUILD; unpacks and patches when needed.
qemu_tree() {
    source_find
    qemu_key=$(
        echo "$QEMU_ORIGIN"
        for patch in $(qemu_patches); do
            echo "$patch"
            cat "$ROOT/qemu-patches/$patch" || exit 1
        done
    ) || die 3 "qemu-patches/series names a patch that is not there"
    qemu_key=$(printf '%s\n' "$qemu_key" | sha256sum | cut -c 1-12)
    QEMU_TREE=$CACHE/qemu-$QEMU_VERSION-$qemu_key
    QEMU_SRC=$QEMU_TREE/src
    QEMU_BUILD=$QEMU_TREE/build
    QEMU_STAMP=$QEMU_TREE/configured
    QEMU_OPTIONS=
    if ! [ -d "$QEMU_SRC" ]; then
        rm -rf "$QEMU_TREE" "$CACHE"/qemu-part.*
        qemu_part=$CACHE/qemu-part.$$
        step "unpack QEMU $QEMU_VERSION" qemu-unpack qemu_unpack "$qemu_part"
        for patch in $(qemu_patches); do
            if ! patch -p1 --fuzz=0 --no-backup-if-mismatch -s -f -d "$qemu_part/src" \
                <"$ROOT/qemu-patches/$patch" >"$LOGS/qemu-patch.log" 2>&1; then
                rm -rf "$qemu_part"
                die 3 "qemu-patches/$patch does not apply to QEMU $QEMU_VERSION; see $LOGS/qemu-patch.log"
            fi
        done
        mv "$qemu_part" "$QEMU_TREE"
    fi
    touch "$QEMU_TREE"
    qemu_forget_old
}

qemu_unpack() {
    mkdir -p "$1" || return 1
    if [ -n "${ORRERY_QEMU_SRC:-}" ]; then
        mkdir "$1/src" || return 1
        (cd "$ORRERY_QEMU_SRC" && tar -cf - --exclude=.git --exclude='./build*' .) | tar -xf - -C "$1/src"
    else
        # this applies Debian's own patches too
        (cd "$1" && dpkg-source --no-copy -x "$SOURCE_DSC" src)
    fi
}

qemu_forget_old() {
    # newest first; no spaces in the cache's path (cache_open)
    find "$CACHE" -mindepth 1 -maxdepth 1 -type d -name 'qemu-[0-9]*' -printf '%T@ %p\n' |
        sort -r -n | tail -n +$((QEMU_KEEP + 1)) | cut -d ' ' -f 2 | xargs -r rm -rf
}

# qemu_sync - bring hw/orrery up to date; touches only files that changed.
qemu_sync() {
    qemu_from=$ROOT/qemu-patches/hw/orrery
    qemu_to=$QEMU_SRC/hw/orrery
    mkdir -p "$qemu_to"
    {
        (cd "$qemu_from" && find . -type f ! -name '.*' ! -name '*~' | sed "s|^\./\(.*\)|$qemu_from/\1 \1|")
        for file in "$ROOT"/ipc/*.[ch]; do
            case $file in
                *_test.c | */\**) ;;
                *) echo "$file ipc/${file##*/}" ;;
            esac
        done
        echo "$ROOT/schema/orrery.proto schema/orrery.proto"
    } >"$QEMU_TREE/files"
    while read -r from to; do
        cmp -s "$from" "$qemu_to/$to" && continue
        mkdir -p "$(dirname "$qemu_to/$to")"
        cp "$from" "$qemu_to/$to.part"
        mv "$qemu_to/$to.part" "$qemu_to/$to"
    done <"$QEMU_TREE/files"
    (cd "$qemu_to" && find . -type f | sed 's|^\./||') | while read -r to; do
        grep -q -F -x -e "${qemu_from}/$to $to" -e "$ROOT/$to $to" "$QEMU_TREE/files" || rm -f "$qemu_to/$to"
    done
}

# Run a command in the build directory with the environment of QEMU's build.
qemu_env() {
    if [ -x "$CACHE/meson/bin/meson" ]; then
        set -- PATH="$CACHE/meson/bin:$PATH" PYTHONPATH="$CACHE/meson/usr/lib/python3/dist-packages" "$@"
    fi
    env -C "$QEMU_BUILD" -u CFLAGS -u CXXFLAGS -u LDFLAGS -u MAKEFLAGS -u NINJA_STATUS \
        CCACHE_DIR="$CACHE/ccache" CCACHE_BASEDIR="$CACHE" CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=3G "$@"
}

qemu_meson() {
    [ -x "$CACHE/meson/bin/meson" ] && return 0
    ls "$QEMU_SRC"/python/wheels/meson-*.whl >/dev/null 2>&1 && return 0
    qemu_has=$(meson --version 2>/dev/null || echo 0)
    case $qemu_has in
        0* | 1.[0-4] | 1.[0-4].*) step "fetch meson for QEMU" qemu-meson source_meson ;;
    esac
}

# qemu_configure TARGET… - when never done, or for other targets or options than last time.
qemu_configure() {
    qemu_list=
    for target; do
        qemu_list=$qemu_list,$target-softmmu
    done
    # shellcheck disable=SC2086 # words
    set -- $QEMU_OPTIONS --target-list="${qemu_list#,}" --cc='ccache gcc' --python=/usr/bin/python3 \
        --without-default-features --enable-tcg --enable-system --enable-slirp --enable-pixman \
        --enable-png --enable-vnc --enable-fdt=system --disable-docs --disable-tools --disable-install-blobs \
        --disable-debug-info
    # the build keeps a python environment, and an upgrade of Debian changes both of these
    qemu_stamp="$*
$(/usr/bin/python3 -V) $(gcc -dumpfullversion)"
    if [ -f "$QEMU_BUILD/build.ninja" ] && [ "$(cat "$QEMU_STAMP" 2>/dev/null)" = "$qemu_stamp" ]; then
        return 0
    fi
    /usr/bin/python3 -c 'import venv, ensurepip' 2>/dev/null ||
        die 3 "/usr/bin/python3 cannot make a venv, which QEMU's build needs: install python3-venv"
    qemu_meson
    mkdir -p "$QEMU_BUILD"
    rm -f "$QEMU_STAMP"
    step "configure QEMU $QEMU_VERSION (${qemu_list#,})" qemu-configure qemu_env "$QEMU_SRC/configure" "$@"
    echo "$qemu_stamp" >"$QEMU_STAMP"
}

# qemu_build TARGET… - arm, the targets named, and those that were built here before.
qemu_build() {
    qemu_wanted=$(
        for target in arm "$@"; do echo "$target"; done
        for program in "$QEMU_BUILD"/qemu-system-*[!p]; do
            if [ -f "$program" ]; then
                echo "${program##*/qemu-system-}"
            fi
        done
    )
    qemu_configured=$(sed -n 's/^--target-list=\([^ ]*\).*/\1/p' "$QEMU_TREE/configured" 2>/dev/null || true)
    qemu_targets=$(
        for target in $QEMU_LIKELY $qemu_wanted; do echo "$target"; done
        echo "$qemu_configured" | sed -e 's/-softmmu//g' -e 's/,/\n/g'
    )
    # shellcheck disable=SC2086 # words
    qemu_targets=$(printf '%s\n' $qemu_targets | sort -u)
    for target in $qemu_targets; do
        [ -f "$QEMU_SRC/configs/targets/$target-softmmu.mak" ] || die 2 "$target: QEMU $QEMU_VERSION has no such target"
    done
    qemu_sync
    # shellcheck disable=SC2086 # words
    qemu_configure $qemu_targets
    qemu_programs=$(for target in $qemu_wanted; do echo "qemu-system-$target"; done | sort -u)
    # shellcheck disable=SC2086 # words
    step "build QEMU $QEMU_VERSION" qemu-build qemu_env ninja $qemu_programs
}

# qemu_build_asan - one more with gcc's sanitizers, in qemu-VERSION-KEY/asan.
qemu_build_asan() {
    QEMU_BUILD=$QEMU_TREE/asan
    QEMU_STAMP=$QEMU_TREE/asan-configured
    QEMU_OPTIONS='--enable-asan --enable-ubsan'
    qemu_configure arm
    step "build QEMU $QEMU_VERSION (asan)" qemu-build-asan qemu_env ninja qemu-system-arm
    QEMU_BUILD=$QEMU_TREE/build
    QEMU_STAMP=$QEMU_TREE/configured
    QEMU_OPTIONS=
}

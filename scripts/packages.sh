# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# What each job needs from apt. Sourced by bootstrap.

# QEMU, Orrery and the firmware of the examples.
PACKAGES_RUN='
    bison ccache dpkg-dev flex gcc libc6-dev make meson ninja-build patch pkgconf
    python3 python3-venv xz-utils
    libfdt-dev libglib2.0-dev libgmp-dev libpixman-1-dev libpng-dev libslirp-dev libusbredirparser-dev zlib1g-dev
    libjansson-dev libnng-dev libprotobuf-c-dev liburing-dev libyaml-dev protobuf-c-compiler
    gcc-arm-none-eabi gcc-riscv64-unknown-elf libnewlib-arm-none-eabi'
PACKAGES_TEST='clang-format gdb-multiarch jq libcmocka-dev libxml2-utils procps shellcheck socat spin stm32flash tshark'
PACKAGES_BENCH='qemu-system-arm'
PACKAGES_LINT='clang-format clang-tidy cppcheck libcmocka-dev shellcheck'

# packages_need PROFILE - install what is missing. No root when nothing is.
packages_need() {
    packages_list=$PACKAGES_RUN
    case $1 in
        test) packages_list="$packages_list $PACKAGES_TEST" ;;
        bench) packages_list="$packages_list $PACKAGES_BENCH" ;;
        lint) packages_list="$packages_list $PACKAGES_LINT" ;;
    esac

    # Another system than Debian: its owner sees to it.
    command -v dpkg-query >/dev/null || return 0

    # shellcheck disable=SC2086 # words
    packages_have=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' $packages_list 2>/dev/null |
        sed -n 's/^installed //p' | tr '\n' ' ')
    packages_missing=
    for package in $packages_list; do
        case " $packages_have $packages_missing " in
            *" $package "*) ;;
            *) packages_missing="$packages_missing $package" ;;
        esac
    done
    [ -n "$packages_missing" ] || return 0

    packages_sudo=
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            die 3 "packages are missing; as root: apt-get install$packages_missing"
        packages_sudo=sudo
        sudo -n true 2>/dev/null || sudo -v || die 3 "packages are missing; as root: apt-get install$packages_missing"
    fi
    note "installing:$packages_missing"
    # An update that fails in part (a third-party source, say) need not matter: install decides.
    try "update package lists" apt-update $packages_sudo apt-get -q update ||
        note "apt-get update failed ($STEP_LOG); going on with the lists there are"
    # shellcheck disable=SC2086 # words
    step "install packages" apt-install $packages_sudo env DEBIAN_FRONTEND=noninteractive \
        apt-get -q install -y --no-install-recommends $packages_missing
}

# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# QEMU's source: a tree of the user's, or Debian's source package of the 10.0 line, fetched with
# an apt configuration of our own so that the system's stays as it is. Sourced by bootstrap.

SOURCE_SUITE=trixie # the Debian release that carries QEMU 10.0
SOURCE_LINE=10.0

# Every enabled entry of the machine's own sources that could be Debian's main archive, best
# first, one per line: SCORE <tab> FIELD: value <tab> FIELD: value… (\001 stands for a newline).
source_entries() {
    SOURCE_FILE='' SOURCE_PARTS=''
    eval "$(apt-config shell SOURCE_FILE Dir::Etc::sourcelist/f SOURCE_PARTS Dir::Etc::sourceparts/d)"
    # shellcheck source=/dev/null
    source_release=$(. /etc/os-release 2>/dev/null && printf %s "${VERSION_CODENAME:-}")
    {
        for file in "${SOURCE_PARTS%/}"/*.sources; do
            [ -f "$file" ] || continue
            # comments out, one blank line between entries
            sed -e '/^#/d' -e 's/^[[:space:]]*$//' "$file"
            echo
        done
        for file in "$SOURCE_FILE" "${SOURCE_PARTS%/}"/*.list; do
            [ -f "$file" ] || continue
            source_one_line "$file"
        done
    } | awk -v release="$source_release" -v want="$SOURCE_SUITE" '
        BEGIN { RS = ""; FS = "\n" }
        {
            split("", value)
            keep = ""
            name = ""
            for (i = 1; i <= NF; i++) {
                if ($i ~ /^[ \t]/) {
                    value[name] = value[name] " " $i
                    if (name !~ dropped)
                        keep = keep "\001" $i
                    continue
                }
                colon = index($i, ":")
                name = tolower(substr($i, 1, colon - 1))
                value[name] = substr($i, colon + 1)
                dropped = "^(types|uris|suites|components|enabled|architectures|targets|pdiffs|by-hash)$"
                if (name !~ dropped)
                    keep = keep "\t" $i
            }
            gsub(/[ \t]+/, " ", value["uris"])
            sub(/^ /, "", value["uris"])
            if (value["enabled"] ~ /^ *(no|false|off|0|without|disable) *$/)
                next
            if (value["types"] !~ /deb/ || (" " value["components"] " ") !~ /[ \t]main[ \t]/)
                next
            if (value["uris"] == "" || value["uris"] ~ /security|^cdrom:/)
                next
            found = 0
            n = split(value["suites"], suite, /[ \t]+/)
            for (i = 1; i <= n; i++)
                if (suite[i] == release || suite[i] == want ||
                    suite[i] ~ /^(stable|oldstable|testing|unstable|sid|bookworm|trixie|forky)$/)
                    found = 1
            if (!found)
                next
            # third-party archives may use the same suite names: the real one first
            score = 0
            if (value["signed-by"] ~ /debian-archive/) score += 4
            if (value["uris"] ~ /\/debian\/?( |$)/) score += 2
            if ((" " value["suites"] " ") ~ ("[ \t]" want "[ \t]")) score += 1
            printf "%d\tURIs: %s%s\n", score, value["uris"], keep
        }' | sort -s -r -n -k 1,1
}

# A one-line sources.list as deb822 entries.
source_one_line() {
    sed -e 's/#.*//' "$1" | awk '
        $1 == "deb" || $1 == "deb-src" {
            i = 2
            options = ""
            if ($2 ~ /^\[/) {
                do {
                    word = $i
                    gsub(/[][]/, "", word)
                    if (word ~ /^signed-by=/)
                        options = options "Signed-By: " substr(word, 11) "\n"
                    if (word ~ /^trusted=/)
                        options = options "Trusted: " substr(word, 9) "\n"
                    if (word ~ /^check-valid-until=/)
                        options = options "Check-Valid-Until: " substr(word, 19) "\n"
                    i++
                } while ($(i - 1) !~ /\]$/ && i <= NF)
            }
            printf "Types: %s\nURIs: %s\nSuites: %s\nComponents:", $1, $i, $(i + 1)
            for (j = i + 2; j <= NF; j++)
                printf " %s", $j
            printf "\n%s\n", options
        }'
}

# apt_private TOOL ARGUMENT… - apt-get or apt-cache with our configuration (in $CACHE/apt).
apt_private() {
    apt_tool=$1
    shift
    "$apt_tool" -q -c "$CACHE/apt/apt.conf" "$@"
}

# source_apt - make the private configuration and fetch its lists. Fails when no archive of
# the machine's has QEMU of our line.
source_apt() {
    rm -rf "$CACHE/apt"
    mkdir -p "$CACHE/apt/parts" "$CACHE/apt/lists/partial" "$CACHE/apt/cache/archives/partial" || return 1
    # Hooks of the system's configuration are for the system's lists.
    cat >"$CACHE/apt/apt.conf" <<END || return 1
#clear APT::Update;
#clear DPkg;
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "$CACHE/apt/parts";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "$CACHE/apt";
Dir::State::Lists "$CACHE/apt/lists";
Dir::State::status "/dev/null";
Dir::Cache "$CACHE/apt/cache";
APT::Sandbox::User "";
APT::Get::Only-Source "true";
Acquire::Languages "none";
END
    source_entries >"$CACHE/apt/entries" || return 1
    if ! [ -s "$CACHE/apt/entries" ]; then
        echo "no entry for Debian's main archive in this machine's apt sources"
        return 1
    fi
    while IFS='' read -r entry; do
        printf '%s\n' "${entry#*	}" | sed -e 's/[\t\o001]/\n/g' >"$CACHE/apt/parts/orrery.sources"
        printf 'Types: deb deb-src\nSuites: %s\nComponents: main\n' "$SOURCE_SUITE" \
            >>"$CACHE/apt/parts/orrery.sources"
        cat "$CACHE/apt/parts/orrery.sources"
        apt_private apt-get update || continue
        source_versions | grep -q . && return 0
        echo "no QEMU $SOURCE_LINE there"
    done <"$CACHE/apt/entries"
    return 1
}

# The versions of the source package that fit, newest first.
source_versions() {
    apt_private apt-cache showsrc qemu 2>/dev/null |
        sed -n 's/^Version: \([0-9]*:\)\{0,1\}\('"$SOURCE_LINE"'\.[0-9].*\)/\1\2/p' | sort -u -V -r
}

# source_fetch - Debian's source package into $CACHE/source (checked by apt against the signed
# index); every tree is unpacked from there.
source_fetch() {
    source_apt || return 1
    source_version=$(source_versions | head -n 1)
    rm -rf "$CACHE/source.part"
    mkdir -p "$CACHE/source.part" || return 1
    (cd "$CACHE/source.part" && apt_private apt-get source --download-only "qemu=$source_version") || return 1
    rm -rf "$CACHE/source"
    mv "$CACHE/source.part" "$CACHE/source"
}

# source_meson - QEMU 10.0 wants meson 1.5; Debian 12 has 1.0: unpack a newer one in the cache.
source_meson() {
    [ -s "$CACHE/apt/parts/orrery.sources" ] || source_apt || return 1
    rm -rf "$CACHE/meson" "$CACHE/meson.part"
    mkdir -p "$CACHE/meson.part/bin" || return 1
    (cd "$CACHE/meson.part" && apt_private apt-get download meson && dpkg-deb -x meson_*.deb .) || return 1
    rm -f "$CACHE/meson.part"/meson_*.deb
    ln -s ../usr/bin/meson "$CACHE/meson.part/bin/meson" || return 1
    mv "$CACHE/meson.part" "$CACHE/meson"
}

# source_find - sets QEMU_VERSION and QEMU_ORIGIN (what the tree's key depends on).
source_find() {
    if [ -n "${ORRERY_QEMU_SRC:-}" ]; then
        [ -f "$ORRERY_QEMU_SRC/VERSION" ] || die 2 "ORRERY_QEMU_SRC=$ORRERY_QEMU_SRC: not a QEMU source tree"
        ORRERY_QEMU_SRC=$(cd "$ORRERY_QEMU_SRC" && pwd -P)
        QEMU_VERSION=$(cat "$ORRERY_QEMU_SRC/VERSION")
        QEMU_ORIGIN="$ORRERY_QEMU_SRC $(cd "$ORRERY_QEMU_SRC" &&
            find . \( -name .git -o -path './build*' \) -prune -o -type f -printf '%P %s %T@\n' |
            LC_ALL=C sort | sha256sum)"
    else
        if ! ls "$CACHE"/source/qemu_*.dsc >/dev/null 2>&1; then
            command -v apt-get >/dev/null || die 3 "no apt-get here: give QEMU's source with ORRERY_QEMU_SRC=DIR"
            step "fetch QEMU $SOURCE_LINE's source" qemu-source source_fetch
        fi
        SOURCE_DSC=$(echo "$CACHE"/source/qemu_*.dsc)
        QEMU_VERSION=$(basename "$SOURCE_DSC" .dsc)
        QEMU_ORIGIN=$QEMU_VERSION
        QEMU_VERSION=${QEMU_VERSION#qemu_}
        QEMU_VERSION=${QEMU_VERSION%%[+-]*}
    fi
    case $QEMU_VERSION in
        "$SOURCE_LINE" | "$SOURCE_LINE".*) ;;
        *) die 2 "QEMU $QEMU_VERSION: the patches are for the $SOURCE_LINE line" ;;
    esac
}

#!/usr/bin/env bash
# Builds the virtual kernel once per set of options, patches, source and compiler, keeps it
# in a cache outside the tree, and prints its path.
#
#   build.sh          print the path of the kernel, building it first if it is not there
#   build.sh --path   print where it is or would be; exit 1 if it is not there
set -euo pipefail
export LC_ALL=C

readonly series=6.12
readonly source_package=linux-source-$series
readonly source_archive=/usr/src/$source_package.tar.xz
# Files that a build compiles, for the progress lines alone.
readonly expected_files=892

here=$(cd -- "${BASH_SOURCE[0]%/*}" && pwd)
readonly here
readonly cache=${ETIMEDOUT_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/etimedout}/kernel

say() { printf 'kernel: %s\n' "$*" >&2; }
fail() {
    printf 'kernel: error: %s\n' "$1" >&2
    shift
    (($# == 0)) || printf 'kernel:   %s\n' "$@" >&2
    exit 3
}

require_packages() {
    local missing=() command package
    while read -r command package; do
        command -v "$command" >/dev/null || missing+=("$package")
    done <<'TOOLS'
gcc gcc
make make
ld binutils
flex flex
bison bison
bc bc
perl perl
patch patch
xz xz-utils
flock util-linux
TOOLS
    [[ -e /usr/include/stdio.h ]] || missing+=(libc6-dev)
    [[ -e $source_archive ]] || missing+=("$source_package")
    ((${#missing[@]} == 0)) || fail "missing Debian packages: ${missing[*]}" \
        "install them with: apt-get install --no-install-recommends ${missing[*]}"
}

# What the kernel is made of; two runs with the same answer need one build.
identity() {
    gcc --version | head -n 1
    dpkg-query -W -f '${Version}\n' "$source_package" 2>/dev/null ||
        stat -c '%s %Y' "$source_archive"
    cat "$here/options" "$here"/0*.patch
    declare -f unpack configure compile
}

unpack() {
    # Kconfig reads the whole tree, but the code of other machines and of drivers that a
    # world has no use for would only take time and space.
    local top=$source_package folder exclude=()
    for folder in 'arch/[!ux]*/*.'{'[chS]','dts*'} 'Documentation/[!K]*' \
        'drivers/net/ethernet/*.[ch]' 'drivers/net/wireless/*.[ch]' \
        'drivers/'{accel,gpu,infiniband,media,scsi,staging}'/*.[ch]' 'sound/*.[ch]' \
        'tools/'{perf,testing}'/*'; do
        exclude+=(--exclude="$top/$folder")
    done
    tar --extract --use-compress-program='xz -T0' --file="$source_archive" --anchored \
        --wildcards --wildcards-match-slash --no-same-owner "${exclude[@]}"
    local patch
    for patch in "$here"/0*.patch; do
        patch --directory="$top" --strip=1 --fuzz=0 --no-backup-if-mismatch <"$patch"
    done
}

configure() {
    local line name
    make -s ARCH=um CC=gcc tinyconfig
    # The last word on an option wins.
    cat "$here/options" >>.config
    make -s ARCH=um CC=gcc olddefconfig
    while read -r line; do
        name=${line#\# }
        case $line in
        CONFIG_*) grep -qxF -- "$line" .config || echo "not taken: $line" ;;
        '# CONFIG_'*' is not set')
            ! grep -q "^${name%% *}=" .config || echo "not off: ${name%% *}"
            ;;
        esac
    done <"$here/options" >refused
    [[ ! -s refused ]] || { cat refused; return 1; }
}

compile() {
    # Nothing in the kernel says when, where or by whom it was built: `uname -v` shows up
    # in what programs write.
    make ARCH=um CC=gcc KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 2026' \
        KBUILD_BUILD_USER=etimedout KBUILD_BUILD_HOST=world -j"$(nproc)" linux
}

# Runs a step with its output in the log, a calm line about every 15 seconds.
logged() {
    local what=$1 begin=$SECONDS waited=0 files=0
    shift
    say "$what"
    # A process group of its own, so that all of it can be ended.
    set -m
    "$@" >>"$log" 2>&1 </dev/null &
    step=$!
    set +m
    while kill -0 "$step" 2>/dev/null; do
        sleep 0.2
        waited=$((waited + 1))
        ((waited % 75 == 0)) || continue
        files=$(grep -cE '^  (CC|AS) ' "$log" || true)
        if ((files == 0)); then
            say "$what: $((SECONDS - begin)) s"
        else
            say "$what: $((SECONDS - begin)) s, $files of about $expected_files files"
        fi
    done
    wait "$step" || fail "$what failed; the whole log is in $log" \
        "$(grep -E '(error|Error|FAILED|not taken|not off)' "$log" | head -n 3 || true)"
}

build() {
    mkdir -p "$cache" 2>/dev/null || fail "cannot write to $cache" \
        "set ETIMEDOUT_CACHE to a folder that can be written"
    exec {lock}>"$cache/lock"
    if ! flock --nonblock "$lock"; then
        say "waiting for the build that is already running"
        flock "$lock"
    fi
    # The other one may have built it.
    [[ ! -x $kernel ]] || return 0

    # Under the lock no build is running: what is left of one was killed.
    rm -rf -- "$cache"/building.*
    log=$cache/$hash.log
    : >"$log"
    tree=$(mktemp -d "$cache/building.XXXXXX")
    trap 'rm -rf -- "$tree"' EXIT
    trap 'kill -- "-$step" 2>/dev/null || true; wait; exit 130' INT TERM HUP
    local begin=$SECONDS
    cd "$tree"
    logged "unpacking $source_package" unpack
    cd "$source_package"
    logged "configuring" configure
    logged "compiling (about three minutes on two cores)" compile

    mkdir "$tree/done"
    strip -o "$tree/done/linux" linux
    cp .config "$tree/done/config"
    mv "$log" "$tree/done/build.log"
    chmod 755 "$tree/done"
    cd "$cache"
    rm -rf -- "${kernel%/*}"
    mv -T "$tree/done" "${kernel%/*}"
    say "built in $((SECONDS - begin)) s"
}

case ${1-} in
'' | --path) ;;
*) fail "unknown argument: $1" "usage: build.sh [--path]" ;;
esac

if [[ ${1-} == --path ]] && ! command -v gcc >/dev/null; then
    fail "gcc is missing, so there is no kernel of its making" \
        "install it with: apt-get install --no-install-recommends gcc"
fi
# What is set for the caller's own builds must not leak into the kernel's.
unset MAKEFLAGS MAKELEVEL CROSS_COMPILE LLVM ARCH SUBARCH KBUILD_OUTPUT KCFLAGS \
    KCONFIG_ALLCONFIG KCONFIG_CONFIG
if ! command -v gcc >/dev/null || [[ ! -e $source_archive ]]; then require_packages; fi
hash=$(identity | sha256sum)
hash=${hash:0:16}
readonly hash
readonly kernel=$cache/$hash/linux

if [[ ! -x $kernel ]]; then
    if [[ ${1-} == --path ]]; then
        printf '%s\n' "$kernel"
        exit 1
    fi
    require_packages
    build
fi
printf '%s\n' "$kernel"

# What the other scripts share: packages, the virtual kernel, the build. Sourced, never run.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*" >&2; }
die() {
    say "$@"
    exit 1
}

# ensure_packages KIND…: installs what packages.txt lists for these kinds and is not there yet.
# No service is started. Without root it prints the line to run and ends.
ensure_packages() {
    local wanted missing=() name
    wanted=$(for kind in "$@"; do
        awk -v kind="$kind" '$1 == kind { print $2 }' "$top/scripts/packages.txt"
    done)
    local installed
    # shellcheck disable=SC2086
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null |
        awk '$1 == "installed" { print $2 }') || true
    for name in $wanted; do
        # A program of that name serves as well: the packages of nodejs.org bring npm, and exclude
        # Debian's.
        grep -qx "$name" <<<"$installed" || command -v "$name" >/dev/null || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    if [ "$(id -u)" -ne 0 ]; then
        say "These packages are missing: ${missing[*]}"
        die "Run this once: sudo apt-get install --no-install-recommends ${missing[*]}"
    fi
    say "Installing ${#missing[@]} packages: ${missing[*]}"
    install_packages "${missing[@]}"
}

# The policy file keeps Debian's packages from starting the services they bring.
install_packages() {
    local policy=/usr/sbin/policy-rc.d ours=0 status=0 log
    log=$(mktemp)
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
        ours=1
    fi
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update && apt-get install -y --no-install-recommends "$@"; } >"$log" 2>&1 || status=$?
    [ $ours -eq 1 ] && rm -f "$policy"
    if [ $status -ne 0 ]; then
        tail -n 20 "$log" >&2
        die "apt-get failed; the whole of what it said is in $log"
    fi
    rm -f "$log"
}

# Modules of npm that scenarios run, as each package-lock.json pins them, into the folder beside it. A
# failure is said and no more: the scenarios that need them are skipped, and say what to do.
ensure_modules() {
    local lock folder log
    while IFS= read -r lock; do
        folder=$(dirname "$lock")
        cmp -s "$lock" "$folder/node_modules/.installed" && continue
        say "Installing the npm modules of ${folder#"$top"/}"
        log=$(mktemp)
        if npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund >"$log" 2>&1; then
            cp "$lock" "$folder/node_modules/.installed"
            rm -f "$log"
        else
            say "npm ci failed; the whole of what it said is in $log"
        fi
    done < <(find "$top/scenarios" -name node_modules -prune -o -name package-lock.json -print)
}

# The virtual kernel: found in its cache, or built (about three minutes).
ensure_kernel() { "$top/simulator/vm/kernel/build.sh" >/dev/null; }

# ensure_build PRESET [TARGET…]
ensure_build() {
    local preset=$1 log
    shift
    cd "$top" || exit 1
    if [ ! -f "build/$preset/build.ninja" ]; then
        say "Configuring ($preset)"
        log=$(cmake --preset "$preset" 2>&1) || die "$log"
    fi
    if [ -t 2 ]; then
        ninja -C "build/$preset" "$@" >&2 || die "The build failed."
    else
        build_in_steps "$preset" "$@"
    fi
}

# Without a terminal ninja would print a line per file: a line now and then is enough.
build_in_steps() {
    local preset=$1 log builder said=$SECONDS began=$SECONDS at
    log=$(mktemp)
    ninja -C "build/$preset" "${@:2}" >"$log" 2>&1 &
    builder=$!
    while kill -0 "$builder" 2>/dev/null; do
        sleep 0.1
        ((SECONDS - said >= 15)) || continue
        said=$SECONDS
        at=$(grep -oE '^\[[0-9]+/[0-9]+\]' "$log" | tail -n 1 | tr -d '[]') || true
        say "Building ($preset): $((SECONDS - began)) s, ${at/\// of } steps"
    done
    if ! wait "$builder"; then
        grep -vE '^\[[0-9]+/[0-9]+\] (Building|Linking)' "$log" | tail -n 60 >&2
        die "The build failed; the whole of what it said is in $log"
    fi
    rm -f "$log"
}

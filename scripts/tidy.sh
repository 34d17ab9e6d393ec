#!/usr/bin/env bash
# Runs clang-tidy with the checks of .clang-tidy, in parallel; any finding is a failure.
#
#   scripts/tidy.sh              every source file of simulator and harness
#   scripts/tidy.sh recent       the folders in which the last 40 commits changed something
#   scripts/tidy.sh FILE.cc…     these alone
#
# Most of the time goes into reading headers, so the files of a folder are read as one; those that do
# not go together with others (two helpers of one name) are read apart.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$top"

# Configured, never built: a unity build knows the options of joined files only.
readonly build=$top/build/tidy
readonly work=$build/joined
command -v clang-tidy-19 >/dev/null || {
    say "tidy: there is no clang-tidy-19"
    die "  help: apt-get install --no-install-recommends clang-tidy-19"
}
said=$(cmake --preset release -B "$build" -DCMAKE_UNITY_BUILD=OFF 2>&1) || die "$said"

# tidy DATABASE FILE: what clang finds in options of GCC is not of interest.
tidy() {
    clang-tidy-19 --quiet -p "$1" --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-error \
        "$2" 2>/dev/null
}

tidy_file() {
    local status=0 found
    found=$(tidy "$build" "$1") || status=$?
    [ $status -eq 0 ] ||
        printf '%s\n' "${found:-$1: is it in a CMakeLists.txt?}"
    return $status
}

# tidy_together FILE…: all of them as one source file, with the options of the first.
tidy_together() {
    if [ $# -eq 1 ]; then
        tidy_file "$1"
        return
    fi
    local joined status=0 found entry
    joined=$work/$(tr / - <<<"$1")
    mkdir -p "$joined"
    printf '#include "%s"\n' "$@" >"$joined/all.cc"
    entry=$(grep -F -- "-c $top/$1\"" "$build/compile_commands.json")
    printf '[{"directory": "%s", "file": "%s",\n%s}]\n' "$build" "$joined/all.cc" \
        "${entry/-c $top\/$1\",/-c $joined\/all.cc\"}" >"$joined/compile_commands.json"
    found=$(tidy "$joined" "$joined/all.cc") || status=$?
    [ $status -ne 0 ] || return 0
    if [ -z "$found" ] || grep -q '\[clang-diagnostic-error\]' <<<"$found"; then
        local file apart=() rest=()
        for file in "$@"; do
            if grep -q "^$top/$file:.*\[clang-diagnostic-error\]" <<<"$found"; then
                apart+=("$file")
            else
                rest+=("$file")
            fi
        done
        status=0
        if [ ${#apart[@]} -gt 0 ] && [ ${#rest[@]} -gt 0 ]; then
            tidy_together "${rest[@]}" || status=1
            tidy_together "${apart[@]}" || status=1
        else
            for file in "$@"; do tidy_file "$file" || status=1; done
        fi
    else
        printf '%s\n' "$found"
    fi
    return $status
}

tidy_folder() {
    local files
    mapfile -t files < <(git ls-files -co --exclude-standard "$1/*.cc")
    tidy_together "${files[@]}"
}

# Folders with a change in the last 40 commits, or not yet committed; all where fewer are known.
recent_folders() {
    local commits base changed new
    commits=$(git rev-list --max-count=40 HEAD) || return
    base=$(tail -n 1 <<<"$commits")
    if [ "$(wc -l <<<"$commits")" -lt 40 ]; then base=$(git hash-object -t tree /dev/null); fi
    changed=$(git diff --name-only "$base") || return
    new=$(git ls-files -o --exclude-standard) || return
    printf '%s\n' "$changed" "$new" | sed -nE 's#^((simulator|harness)/.*)/[^/]*[.](cc|hh)$#\1#p' | sort -u
}

export build work top
export -f tidy tidy_file tidy_together tidy_folder
if [ $# -gt 0 ] && [ "$1" != recent ]; then
    what=tidy_file count=$#
else
    recent=$'simulator\nharness'
    if [ $# -gt 0 ]; then
        recent=$(recent_folders) || die "tidy: git does not say what changed of late"
        [ -n "$recent" ] || { echo "tidy: nothing changed of late"; exit 0; }
    fi
    mapfile -t chosen <<<"$recent"
    mapfile -t files < <(git ls-files -co --exclude-standard "${chosen[@]/%//*.cc}")
    [ ${#files[@]} -gt 0 ] || die "tidy: git does not say which files there are"
    what=tidy_folder count=${#files[@]}
    # The largest first, so that none is left for the end alone.
    set -- $(printf '%s\n' "${files[@]%/*}" | sort | uniq -c | sort -rn | awk '{ print $2 }')
fi
printf '%s\0' "$@" | xargs -0 -n 1 -P "$(nproc)" bash -c "$what"' "$1"' tidy || die "tidy: see above"
echo "tidy: nothing to say about $count files"

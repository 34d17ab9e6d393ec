#!/usr/bin/env bash
# Sources the completion for bash and completes some lines with it, as a user's shell does.
#
#   bash_completion_test.sh ETIMEDOUT
set -euo pipefail
etimedout=$(readlink -f "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir folder
touch one.yaml results.xml "two words.yaml"

"$etimedout" completions bash >script
. ./script
complete -p etimedout >/dev/null

failures=0
# completed EXPECTED WORD…: the last word is the one being typed.
completed() {
    local expected=$1
    shift
    COMP_WORDS=(etimedout "$@") COMP_CWORD=$#
    COMPREPLY=()
    _etimedout || true
    local got
    got=$(printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd' ')
    [ "$got" = "$expected" ] && return
    printf 'etimedout %s\n  expected  %s\n  got       %s\n' "$*" "$expected" "$got"
    failures=$((failures + 1))
}

completed "recheck" rec
completed "faults" f
completed "--version" --v
completed "auto real virtual" run --time ""
completed "virtual" run --time v
completed "virtual" run --time = v
completed "auto real virtual" run --time =
completed "blackhole" new bl
completed "latency link_down link_flap loss" faults l
completed "bash" completions b
completed "--seed" run --se
completed "--tag --time" prove one.yaml --t
completed "one.yaml" run o
completed "folder one.yaml results.xml script two words.yaml" check one.yaml ""
completed "junit=" run --report ju
completed "results.xml" run --report junit = res
completed "results.xml" run --report = junit = res
completed "folder" run --keep f
completed "folder" recheck f
completed "" run --seed 1
completed "" schema x
[ $failures -eq 0 ] && echo "bash completes"
[ $failures -eq 0 ]

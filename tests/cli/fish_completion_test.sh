#!/usr/bin/env bash
# Sources the completion for fish and completes some lines with it.
#
#   fish_completion_test.sh ETIMEDOUT
set -euo pipefail
command -v fish >/dev/null || {
    echo "skipped: no fish here (apt-get install fish)"
    exit 77
}
etimedout=$(readlink -f "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir folder
touch results.xml
export HOME=$work
"$etimedout" completions fish >script

# completed EXPECTED LINE
completed() {
    local got
    got=$(fish --no-config -c "source script; complete -C '$2'" | cut -f 1 | sort | paste -sd' ')
    [ "$got" = "$1" ] && return
    printf '%s\n  expected  %s\n  got       %s\n' "$2" "$1" "$got"
    exit 1
}

completed "recheck" "etimedout rec"
completed "auto real virtual" "etimedout run --time "
completed "--seed" "etimedout run --se"
completed "blackhole" "etimedout new bl"
completed "folder/ results.xml script" "etimedout run "
completed "junit=" "etimedout run --report ju"
completed "folder/" "etimedout recheck f"
completed "" "etimedout schema x"
echo "fish completes"

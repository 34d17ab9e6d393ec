#!/usr/bin/env bash
# The scenario library against what the project promises of it: it passes, as an ordinary user
# too; it repeats byte for byte; every expectation can fail.
#
#   scripts/check_library.sh PATH-OF-ETIMEDOUT
set -euo pipefail
etimedout=$1
top=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

echo "-- every scenario passes"
"$etimedout" run "$top/scenarios" --keep "$work/first"

echo "-- beside four busy loops: the same bytes"
"$top/scripts/check_repeat.sh" "$etimedout" "$work/first" "$work/second"

echo "-- every expectation can fail"
"$etimedout" prove "$top/scenarios" >"$work/prove.log" || {
    cat "$work/prove.log"
    exit 1
}
tail -n 1 "$work/prove.log"

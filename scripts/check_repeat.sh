#!/usr/bin/env bash
# Runs the library again beside four busy loops, and compares with an earlier run.
#
#   scripts/check_repeat.sh ETIMEDOUT FIRST-FOLDER SECOND-FOLDER
set -euo pipefail
etimedout=$1 first=$2 second=$3
top=$(cd "$(dirname "$0")/.." && pwd)

loops=()
trap 'kill "${loops[@]}" 2>/dev/null || true' EXIT
for _ in 1 2 3 4; do
    (while :; do :; done) &
    loops+=($!)
done

"$etimedout" run "$top/scenarios" --keep "$second" --jobs 2 | tail -n 1
"$top/scripts/compare_runs.sh" "$first" "$second"

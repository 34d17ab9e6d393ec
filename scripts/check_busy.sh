#!/usr/bin/env bash
# Runs a part of the library again beside four busy loops, and compares with an earlier run of all.
#
#   scripts/check_busy.sh ETIMEDOUT FIRST-FOLDER SECOND-FOLDER FOLDER-OF-SCENARIOS…
set -euo pipefail
etimedout=$1 first=$2 second=$3
shift 3
top=$(cd "$(dirname "$0")/.." && pwd)

loops=()
trap 'kill "${loops[@]}" 2>/dev/null || true' EXIT
for _ in 1 2 3 4; do
    (while :; do :; done) &
    loops+=($!)
done

"$etimedout" run "${@/#/$top/scenarios/}" --keep "$second" --jobs 2 | tail -n 1
# Of the earlier run, what has run again.
same=$(mktemp -d)
for folder in "$second"/*/; do ln -s "$first/$(basename "$folder")" "$same/"; done
"$top/scripts/compare_runs.sh" "$same" "$second"
rm -r "$same"

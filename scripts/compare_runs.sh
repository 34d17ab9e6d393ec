#!/usr/bin/env bash
# Compares every event log and capture of two runs of the library byte for byte.
# scripts/not_repeating.txt lists what cannot repeat, with the reason.
#
#   scripts/compare_runs.sh FIRST-FOLDER SECOND-FOLDER
set -euo pipefail
first=$1 second=$2
top=$(cd "$(dirname "$0")/.." && pwd)

files() { (cd "$1" && find -L . -type f \( -name events.jsonl -o -name '*.pcap' \) | sort); }

[ "$(files "$first")" = "$(files "$second")" ] || {
    echo "not the same files:"
    diff <(files "$first") <(files "$second")
    exit 1
}
compared=0 different=0
while IFS= read -r name; do
    name=${name#./}
    compared=$((compared + 1))
    cmp -s "$first/$name" "$second/$name" && continue
    if grep -q "^${name%%/*}[[:space:]]" "$top/scripts/not_repeating.txt"; then
        echo "differs, as listed: $name"
        continue
    fi
    echo "differs: $name"
    different=$((different + 1))
done < <(files "$first")
echo "$compared files compared, $different differ"
[ $compared -gt 0 ] && [ $different -eq 0 ]

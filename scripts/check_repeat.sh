#!/usr/bin/env bash
# Runs the library again beside four busy loops, and compares every event log and capture byte for
# byte with those of an earlier run by the same user. scripts/not_repeating.txt lists what cannot
# repeat, with the reason.
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

compared=0 different=0
while IFS= read -r file; do
    name=${file#"$first"/}
    compared=$((compared + 1))
    cmp -s "$file" "$second/$name" && continue
    if grep -q "^${name%%/*}[[:space:]]" "$top/scripts/not_repeating.txt"; then
        echo "differs, as listed: $name"
        continue
    fi
    echo "differs: $name"
    different=$((different + 1))
done < <(find "$first" -type f \( -name events.jsonl -o -name '*.pcap' \) | sort)
echo "$compared files compared, $different differ"
[ $compared -gt 0 ] && [ $different -eq 0 ]

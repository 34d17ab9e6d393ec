#!/usr/bin/env bash
# check_fault_names.sh [FOLDER]: looks for kinds of faults named outside their declarations.
# A kind is a word of its own fault; everything else knows only what the fault decides. Words of the
# language that happen to be the same are listed in fault_name_friends.txt, each with its reason.
set -euo pipefail
friends_file=$(cd "$(dirname "$0")" && pwd)/fault_name_friends.txt
cd "${1:-$(dirname "$0")/..}"

kinds=$(sed -nE 's/.*\bkind = "([a-z_]+)".*/\1/p' simulator/faults/*.hh | sort -u | paste -sd'|')
[ -n "$kinds" ] || { echo "simulator/faults declares no kinds: has their form changed?"; exit 1; }

# FILE WORD, once for each, of what names a kind; comments do not count.
found=$(grep -rnE "\"($kinds)\"" simulator harness --include='*.hh' --include='*.cc' |
    grep -v '^simulator/faults/' |
    sed -E 's#^([^:]+:[0-9]+:)//.*#\1#; s#([[:space:];{}])//.*#\1#' |
    { grep -oE "^[^:]+:[0-9]+:|\"($kinds)\"" || true; } |
    awk '/:$/ { split($0, at, ":"); file = at[1]; line = at[2]; next }
         { gsub("\"", ""); print file, $0, line }' | sort -u)
friends=$(sed -E '/^#|^$/d' "$friends_file" | awk '{ print $1, $2 }' | sort -u)

status=0
while read -r file word line; do
    [ -n "$file" ] || continue
    grep -qxF "$file $word" <<<"$friends" && continue
    echo "$file:$line: names the fault \`$word\`: let the fault decide instead, or, where it is another" \
        "word that looks the same, say so in scripts/fault_name_friends.txt"
    status=1
done <<<"$found"

# What is listed and no longer there would hide the next one.
if [ $# -eq 0 ]; then
    while read -r file word; do
        [ -n "$file" ] || continue
        grep -q "^$file $word " <<<"$found" && continue
        echo "scripts/fault_name_friends.txt: $file no longer has \"$word\": take the line out"
        status=1
    done <<<"$friends"
fi
[ $status -eq 0 ] && echo "fault names: only simulator/faults knows them"
exit $status

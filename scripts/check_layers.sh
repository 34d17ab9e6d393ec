#!/usr/bin/env bash
# Compares every include with the table of allowed arrows.
set -euo pipefail
cd "$(dirname "$0")/.."

status=0
declare -A allowed
while IFS=: read -r folder list; do
    [[ $folder == '#'* || -z $folder || $folder == *' '* ]] && continue
    allowed[$folder]=" $folder $list "
done <scripts/layers.txt

while IFS=: read -r file line include; do
    folder=$(dirname "$file")
    target=$(sed -E 's/.*#include "([^"]+)".*/\1/' <<<"$include")
    target_folder=$(dirname "$target")
    if [[ -z ${allowed[$folder]:-} ]]; then
        echo "$file:$line: $folder is not in scripts/layers.txt: add it with its arrows"
        status=1
    elif [[ ${allowed[$folder]} != *" $target_folder "* ]]; then
        echo "$file:$line: $folder must not include $target_folder (scripts/layers.txt)"
        status=1
    fi
done < <(grep -rnE '^#include "' simulator harness --include='*.hh' --include='*.cc')

[ $status -eq 0 ] && echo "layers: every include follows scripts/layers.txt"
exit $status

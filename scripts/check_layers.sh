#!/usr/bin/env bash
# Compares every include with the table of allowed arrows, and looks for kinds of faults named
# outside the fault declarations.
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

# A fault's kind is a word of its own declaration; elsewhere only the decision is known.
kinds=$(sed -nE 's/.*kind = "([a-z_]+)".*/\1/p' simulator/faults/*.hh | paste -sd'|')
if grep -rnE "\"($kinds)\"" simulator harness --include='*.hh' --include='*.cc' |
    grep -v '^simulator/faults/' | grep -vE 'Words<|words\{|\{"[a-z_]+", [A-Z][A-Za-z]+::' |
    grep -E 'kind *== *"|kind_of\([^)]*\) *== *"'; then
    echo "a fault's kind is named outside simulator/faults: let the fault decide instead"
    status=1
fi
[ $status -eq 0 ] && echo "layers: every include follows scripts/layers.txt"
exit $status

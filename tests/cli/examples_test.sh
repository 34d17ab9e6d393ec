#!/usr/bin/env bash
# Every fault's example runs: the scenario that `etimedout new KIND` writes passes as it is, which it
# does only where the fault met what it is for, and proves that it can fail. And it moves its own
# witness and not that of what looks like it: the table of docs/witnesses.md is what the kernels of
# both nodes counted meanwhile.
#
#   examples_test.sh ETIMEDOUT WITNESSES.md        (UPDATE_GOLDEN=1 writes the table)
set -euo pipefail
etimedout=$(readlink -f "$1") page=$(readlink -f "$2")
here=$(readlink -f "$(dirname "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir examples
kinds=$("$etimedout" faults | awk '{print $1}')
for kind in $kinds; do "$etimedout" new "$kind" >"examples/$kind.yaml"; done
if ! "$etimedout" prove examples --time virtual --fail-on-skip --keep kept >log 2>&1; then
    cat log
    exit 1
fi
tail -n 1 log

# The page up to the table, the table, and the page behind it.
{
    sed '/^<!-- table -->$/q' "$page"
    echo
    awk -f "$here/witnesses.awk" -v header=1
    for kind in $kinds; do awk -f "$here/witnesses.awk" -v kind="$kind" "kept/$kind/events.jsonl"; done
    echo
    sed -n '/^<!-- end of table -->$/,$p' "$page"
} >new.md </dev/null
if [ "${UPDATE_GOLDEN:-0}" = 1 ]; then
    cp new.md "$page"
elif ! diff "$page" new.md; then
    echo "docs/witnesses.md says otherwise; UPDATE_GOLDEN=1 writes what was counted"
    exit 1
fi

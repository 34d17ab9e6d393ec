#!/usr/bin/env bash
# Every fault's example runs: the scenario that `etimedout new KIND` writes passes as it is, which it
# does only where the fault met what it is for.
#
#   examples_test.sh ETIMEDOUT
set -euo pipefail
etimedout=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir examples
kinds=$("$etimedout" faults | awk '{print $1}')
for kind in $kinds; do "$etimedout" new "$kind" >"examples/$kind.yaml"; done
if ! "$etimedout" run examples --time virtual --fail-on-skip >log 2>&1; then
    cat log
    exit 1
fi
tail -n 1 log

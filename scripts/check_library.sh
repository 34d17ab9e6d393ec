#!/usr/bin/env bash
# The scenario library against what the project promises of it: it passes; its failed calls are
# diagnosed as they were when that was read; it repeats byte for byte on a busy machine, at another
# place and as another user; a seed matters; every expectation can fail.
#
#   scripts/check_library.sh PATH-OF-ETIMEDOUT
set -euo pipefail
etimedout=$(readlink -f "$1")
top=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

echo "-- every scenario passes"
"$etimedout" run "$top/scenarios" --keep "$work/first"

echo "-- what is diagnosed of it"
"$top/scripts/check_diagnoses.sh" "$etimedout" "$work/first"

echo "-- beside four busy loops: the same bytes"
"$top/scripts/check_busy.sh" "$etimedout" "$work/first" "$work/busy" dns firewall latency streams

echo "-- from another place, as an ordinary user: every expectation can fail, and the same bytes"
"$top/scripts/check_elsewhere.sh" "$etimedout" "$work/first"

echo "-- with another seed: other packets"
"$top/scripts/check_seeds.sh" "$etimedout"

#!/usr/bin/env bash
# What `diagnose` says of every call of the library that failed, against tests/diagnose/library.txt: a
# rule that changes shows here whom it touches. Its lines have been read one by one; none is certain
# and wrong. What is only likely is not always what the scenario did (docs/diagnosis.md says why).
#
#   scripts/check_diagnoses.sh PATH-OF-ETIMEDOUT KEPT        (UPDATE_GOLDEN=1 writes the file)
#
# KEPT is what `run scenarios/ --keep KEPT` has left.
set -euo pipefail
export LC_ALL=C  # one order everywhere
etimedout=$(readlink -f "$1") kept=$(readlink -f "$2")
golden=$(readlink -f "$(dirname "$0")/../tests/diagnose/library.txt")
cd "$kept"
said=$(mktemp)
trap 'rm -f "$said"' EXIT

# One line for all repetitions of a call that ended alike for the same reason. Scenarios are found by
# the folders that `--keep` names after them.
"$etimedout" diagnose ./* --json | python3 -c '
import json, sys
for run in json.load(sys.stdin):
    lines = {}
    for case in run["cases"]:
        line = "{0}: {call} ({outcome}): {cause}, {confidence}: {finding}".format(
            run["source"].removeprefix("./"), **case)
        lines[line] = lines.get(line, 0) + 1
    for line, times in lines.items():
        print(line if times == 1 else f"{line} ({times} times)")
' >"$said"

if [ "${UPDATE_GOLDEN:-0}" = 1 ]; then
    cp "$said" "$golden"
elif ! diff "$golden" "$said"; then
    echo "tests/diagnose/library.txt says otherwise. Read what is new, and where it is right:" >&2
    echo "  UPDATE_GOLDEN=1 $0 $etimedout $kept" >&2
    exit 1
fi
awk -F': ' '{ split($3, verdict, ", "); ++count[verdict[2]] }
    END { printf "%d diagnoses as they were read: %d certain, %d likely, %d without enough evidence\n",
          NR, count["certain"], count["likely"], count["none"] }' "$said"

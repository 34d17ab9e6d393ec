#!/usr/bin/env bash
# Kills the driver with SIGKILL at 20 moments of a run and looks for anything it left behind:
# processes, folders, mounts, firewall rules, ~/.uml. Namespaces are unnamed: none outlives its
# last process.
#
#   kill_test.sh ETIMEDOUT virtual|real
set -euo pipefail
. "$(dirname "$0")/left_behind.sh"

RANDOM=7
for round in $(seq 1 20); do
    "$etimedout" run "$work/long.yaml" --time "$clock" >/dev/null 2>&1 &
    driver=$!
    # Up to a second into the run, at a moment that the loop's own generator picks.
    pause "0.$(printf '%03d' $((RANDOM % 1000)))"
    kill -9 $driver || { echo "round $round: the run was over too early"; exit 1; }
    wait $driver 2>/dev/null || true
    nothing_left "round $round"
done
machine_untouched
echo "20 kills in $clock time: nothing is left"

#!/usr/bin/env bash
# Stops a world in real time for 1.5 s in the middle of a call, as a machine that is too busy would:
# the call's time is then missed by less than the machine stalled, which is inconclusive (exit code
# 5), also when the log is judged again. A status is missed whatever the machine did (exit code 1).
#
#   stall_test.sh ETIMEDOUT
set -euo pipefail
etimedout=$(readlink -f "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# The time at which it sleeps is its own, so that it can be found.
nap=1.$((RANDOM + 10000))
cat >stalled.yaml <<YAML
scenario: 1
name: stalled
time: real
nodes: {client: {}}
steps:
  - call: {id: c, in: client, exec: "exec sleep $nap"}
expect:
  - {at: c, total: {at_most: 1500ms}}
YAML

"$etimedout" run stalled.yaml --keep kept >out.txt 2>&1 &
driver=$!
sleeper=
until [ -n "$sleeper" ]; do
    kill -0 $driver || { echo "the run was over too early:"; cat out.txt; exit 1; }
    read -r -t 0.02 <> <(:) || true
    sleeper=$(pgrep -fx "sleep $nap") || true
done
world=$(ps -o ppid= -p "$sleeper" | tr -d ' ')
kill -STOP "$world"
read -r -t 1.5 <> <(:) || true
kill -CONT "$world"
status=0
wait $driver || status=$?

grep -q '"event":"stall"' kept/stalled/events.jsonl || { echo "no stall in the log"; cat out.txt; exit 1; }
[ $status -eq 5 ] || { echo "exit code $status, expected 5:"; cat out.txt; exit 1; }
status=0
"$etimedout" recheck kept/stalled >out.txt 2>&1 || status=$?
[ $status -eq 5 ] || { echo "recheck: exit code $status, expected 5:"; cat out.txt; exit 1; }
sed -i 's/total: .*/exit_code: 1}/' kept/stalled/scenario.yaml
status=0
"$etimedout" recheck kept/stalled >out.txt 2>&1 || status=$?
[ $status -eq 1 ] || { echo "another expectation: exit code $status, expected 1:"; cat out.txt; exit 1; }
echo "a stalled machine makes times inconclusive, and nothing else"

#!/usr/bin/env bash
# Kills the driver with SIGKILL at 20 moments of a run and looks for anything it left behind:
# processes, folders, mounts, firewall rules, ~/.uml. Namespaces are unnamed: none outlives its
# last process.
#
#   kill_test.sh ETIMEDOUT virtual|real
set -euo pipefail
etimedout=$(readlink -f "$1") clock=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export ETIMEDOUT_KERNEL=${ETIMEDOUT_KERNEL:-$("$(dirname "$0")/../../simulator/vm/kernel/build.sh" --path)}
export TMPDIR=$work/tmp HOME=$work/home
mkdir -p "$TMPDIR" "$HOME"

cat >"$work/long.yaml" <<'YAML'
scenario: 1
name: long enough to be killed in
limit: {real: 30s}
nodes:
  client: {}
  server: {stub: http, port: 80}
links: {api: client -> server:80}
steps:
  - call: {id: c, link: api, exec: "sleep 1; setsid sleep 1000 & i=0; while [ $i -lt 2000 ]; do sleep 0.01; i=$((i+1)); done", deadline: 10m}
expect:
  - {at: c, outcome: ok}
YAML

mounts() { sort /proc/self/mounts; }
rules() { nft list ruleset 2>/dev/null || true; }
before_mounts=$(mounts) before_rules=$(rules)
marker=$work

# What still mentions our folder in its command line or has it open is ours.
ours() { pgrep -af -- "$marker|^etimedout-keeper|world-real" | grep -vE 'kill_test|pgrep' || true; }

RANDOM=7
for round in $(seq 1 20); do
    "$etimedout" run "$work/long.yaml" --time "$clock" >/dev/null 2>&1 &
    driver=$!
    # Up to a second into the run, at a moment that the loop's own generator picks.
    read -r -t "0.$(printf '%03d' $((RANDOM % 1000)))" <> <(:) || true
    kill -9 $driver || { echo "round $round: the run was over too early"; exit 1; }
    wait $driver 2>/dev/null || true
    # The keeper clears away; nothing may be left once it has ended.
    for _ in $(seq 1 100); do
        left=$(ours)
        [ -z "$left" ] && [ -z "$(ls -A "$TMPDIR")" ] && break
        read -r -t 0.1 <> <(:) || true
    done
    [ -z "$left" ] || { echo "round $round: processes left:"; echo "$left"; exit 1; }
    [ -z "$(ls -A "$TMPDIR")" ] || { echo "round $round: files left:"; find "$TMPDIR"; exit 1; }
    [ ! -e "$HOME/.uml" ] || { echo "round $round: ~/.uml left"; exit 1; }
done
[ "$(mounts)" = "$before_mounts" ] || { echo "mounts left"; exit 1; }
[ "$(rules)" = "$before_rules" ] || { echo "rules left"; exit 1; }
echo "20 kills in $clock time: nothing is left"

#!/usr/bin/env bash
# Interrupts the driver, as Ctrl-C and a CI job's end do, while a world boots, runs or is stuck: it
# ends soon with exit code 130 and says what was done, and nothing is left behind.
#
#   interrupt_test.sh ETIMEDOUT virtual|real
set -euo pipefail
set -m  # else the shell makes its children ignore SIGINT
. "$(dirname "$0")/left_behind.sh"
scenario short 'true'
scenario stuck 'while :; do :; done'

fail() {
    echo "$1"
    [ ! -s log ] || cat log
    exit 1
}

begin() {
    "$etimedout" run "$@" --jobs 1 --time "$clock" >log 2>&1 &
    driver=$!
}

# until COMMAND…: waits for a moment of the run; no such moment in a minute is a failure.
until_true() {
    local end=$((SECONDS + 60))
    until "$@" 2>/dev/null; do
        kill -0 "$driver" 2>/dev/null || fail "the run was over before: $*"
        [ $SECONDS -lt $end ] || fail "never seen: $*"
        pause 0.01
    done
}
keeper_is_there() { [ -n "$(ls -A "$TMPDIR")" ]; }
world_is_there() { ls "$TMPDIR"/*/*/run.json >/dev/null; }
world_has_begun() { ls "$TMPDIR"/*/*/raw-events.jsonl >/dev/null; }
said() { grep -q "$1" log; }

# ended WHEN OVER: the driver ends with 130, having said that so many of its runs were over. The
# promise is two seconds on an idle machine; a busy one gets ten.
ended() {
    local when=$1 over=$2 began=$SECONDS code=0
    wait "$driver" || code=$?
    [ $((SECONDS - began)) -le 10 ] || fail "$when: it took $((SECONDS - began)) s"
    [ $code -eq 130 ] || fail "$when: exit code $code, not 130"
    [ "$over" = any ] || said "^interrupted: $over runs were over" || fail "$when: no summary"
    nothing_left "$when"
}

for signal in INT TERM; do
    begin long.yaml
    until_true keeper_is_there
    kill -$signal $driver
    ended "$signal before the world" "0 of 1"

    begin long.yaml
    until_true world_is_there
    kill -$signal $driver
    ended "$signal at boot" "0 of 1"

    begin short.yaml stuck.yaml short.yaml
    until_true said '^pass  short'
    until_true world_has_begun
    kill -$signal $driver
    ended "$signal while a program spins" "1 of 3"
    said '^stopped stuck' || fail "not said that stuck.yaml was stopped"
done

RANDOM=7
for round in $(seq 1 10); do
    begin long.yaml
    until_true keeper_is_there
    pause "0.$(printf '%03d' $((RANDOM % 1000)))"
    kill -INT $driver || fail "round $round: the run was over too early"
    ended "round $round" "0 of 1"
done

# The second one does not wait for anything.
begin stuck.yaml
until_true world_has_begun
kill -INT $driver
kill -INT $driver 2>/dev/null || true
ended "two at once" any

machine_untouched
echo "17 interruptions in $clock time: exit code 130, and nothing is left"

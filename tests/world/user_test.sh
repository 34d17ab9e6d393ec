#!/usr/bin/env bash
# A scenario whose program runs as another user, started by an ordinary user: skipped in real time,
# with the remedy, and the remedy works.
#
#   user_test.sh ETIMEDOUT
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"  # the other user shall see the scenario's folder
# The program and the kernel's cache may lie where only root may look.
cp "$1" "$work/etimedout"
cp "${ETIMEDOUT_KERNEL:-$("$(dirname "$0")/../../simulator/vm/kernel/build.sh" --path)}" "$work/linux"

cat >"$work/daemon.yaml" <<'YAML'
scenario: 1
name: a program of another user
nodes:
  client: {}
  server: {run: 'id -un; exec sleep 1000', user: daemon}
links: {api: client -> server:80}
steps:
  - wait: 1s
expect:
  - {at: server, log: {matches: '^daemon$'}}
YAML

as_user=()
if [ "$(id -u)" -eq 0 ]; then
    as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    chown -R 65534:65534 "$work"
fi
cd "$work"
# run CODE ARGUMENTS…: what it says goes to `said`.
run() {
    local expected=$1 code=0
    shift
    "${as_user[@]}" env HOME="$work" TMPDIR="$work" ETIMEDOUT_KERNEL="$work/linux" NO_COLOR=1 \
        ./etimedout run daemon.yaml "$@" >said 2>&1 || code=$?
    [ $code -eq "$expected" ] || { echo "run $*: exit code $code, not $expected"; cat said; exit 1; }
}
says() { tr -s ' \n' ' ' <said | grep -qF "$1" || { echo "not said: $1"; cat said; exit 1; }; }

run 4 --time real
says 'skip a program of another user'
says '`user: daemon` of server needs root in real time'
says 'run it as root, or with --time virtual'
run 3 --time real --fail-on-skip
run 0 --time virtual

# What doctor says is said once, whatever it has to fork for.
"${as_user[@]}" env HOME="$work" TMPDIR="$work" ETIMEDOUT_KERNEL="$work/linux" ./etimedout doctor >said
[ "$(grep -c '^Virtual time:' said)" -eq 1 ] || { echo "doctor repeats itself:"; cat said; exit 1; }

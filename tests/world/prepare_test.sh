#!/usr/bin/env bash
# Layers of `prepare`: made once, found by every seed and by another command, made anew when what they
# hang on changes; an error that says what the command wrote; one maker at a time; nothing left of
# what was interrupted.
#
#   prepare_test.sh ETIMEDOUT
set -euo pipefail
set -m  # else the shell makes its children ignore SIGINT
etimedout=$(readlink -f "$1")
work=$(mktemp -d)
chmod 755 "$work"  # another user is to read the scenario's folder
trap 'rm -rf "$work"' EXIT
export ETIMEDOUT_KERNEL=${ETIMEDOUT_KERNEL:-$("$(dirname "$0")/../../simulator/vm/kernel/build.sh" --path)}
export ETIMEDOUT_CACHE=$work/cache NO_COLOR=1
cd "$work"

fail() { echo "$1"; cat said; exit 1; }
# scenario COMMAND: a preparation that does this, and a node that says what it finds.
scenario() {
    cat >layers.yaml <<YAML
scenario: 1
name: layers
limit: {real: 20s}
nodes:
  client: {}
  server: {run: 'stat -c "%n %U %a %Y" /srv/x/* && cat /srv/x/word && echo more >>/srv/x/word && exec sleep 1000', ready: {log: foot}, user: daemon}
links: {api: client -> server:80}
prepare:
  words: {run: '$1', user: daemon, keep: /srv/x, in: [server, client]}
steps:
  - call: {id: c, in: client, exec: cat /srv/x/word}
expect:
  - {at: server, log: {matches: '^/srv/x/word daemon 640 1767225600$'}}
  - {at: c, stdout: {equals: "foot\n"}}
YAML
}
# run CODE ARGUMENTS…
run() {
    local expected=$1 code=0
    shift
    "$etimedout" run layers.yaml "$@" >said 2>&1 || code=$?
    [ $code -eq "$expected" ] || fail "run $*: exit code $code, not $expected"
}
says() { tr -s ' \n' ' ' <said | grep -qF "$1" || fail "not said: $1"; }
kept() { find cache -type f -name '*.tar' | wc -l; }
only_layers() { [ -z "$(find cache -type f ! -name '*.tar')" ] || fail "left in the cache: $(find cache -type f)"; }

good='umask 027; echo foot >/srv/x/word; sh read.sh'
echo true >read.sh
scenario "$good"
run 0
[ "$(kept)" -eq 1 ] || fail "$(kept) layers, not one"
only_layers
layer=$(find cache -name '*.tar')
tar tf "$layer" >said
grep -qx './word' said || fail "tar does not find the file in the layer"
first=$(stat -c %i "$layer")
cp "$layer" first.tar

run 0 --seed 77
[ "$(stat -c %i "$layer")" = "$first" ] || fail "another seed made the layer anew"

rm "$layer"
run 0
cmp first.tar "$layer" || fail "made twice it is not the same"

echo 'echo changed' >read.sh
run 0
[ "$(kept)" -eq 2 ] || fail "a file that the command names has changed, and the layer has not"

truncate -s 700 "$layer"
echo true >read.sh
run 0
cmp first.tar "$layer" || fail "half a layer was not made anew"

scenario 'echo the disk is full >&2; exit 3'
run 3
says 'preparing words: it wrote'
says 'the disk is full'
says 'ended with exit code 3'
only_layers
[ "$(kept)" -eq 2 ] || fail "a failure left a layer"

# Several at once: one makes it, the others wait for it.
rm -rf cache
scenario "$good"
for number in 1 2 3; do
    "$etimedout" run layers.yaml >"said.$number" 2>&1 &
done
wait
cat said.? >said
[ "$(grep -c '^1 passed' said)" -eq 3 ] || fail "three at once did not all pass"
[ "$(kept)" -eq 1 ] || fail "three at once left $(kept) layers"
only_layers

# begin: runs a preparation that never ends, until it is being made.
begin() {
    rm -rf cache
    scenario 'while :; do :; done'
    "$etimedout" run layers.yaml >said 2>&1 &
    driver=$!
    local end=$((SECONDS + 60))
    until [ -n "$(find cache -name '*.lock' 2>/dev/null)" ]; do
        kill -0 $driver 2>/dev/null || fail "it was over before anything was locked"
        [ $SECONDS -lt $end ] || fail "nothing was locked"
        read -r -t 0.01 <> <(:) || true
    done
}
# ended CODE
ended() {
    local code=0
    wait $driver 2>/dev/null || code=$?
    [ $code -eq "$1" ] || fail "exit code $code, not $1"
}

begin
kill -INT $driver
ended 130
[ -z "$(find cache -type f)" ] || fail "left of what was interrupted: $(find cache -type f)"
"$etimedout" doctor >said
says "none so far in $work/cache/prepared"

# What a maker leaves that was killed goes when the next layer is made.
begin
kill -KILL $driver
ended 137
scenario "$good"
run 0
only_layers
echo "layers are made once, by one, and whole"

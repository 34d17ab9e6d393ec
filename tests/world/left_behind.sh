# What the tests share that end the driver in the middle of a run: a run, and a look at what is left.
# To be sourced with ETIMEDOUT and CLOCK as the arguments.
etimedout=$(readlink -f "$1") clock=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export ETIMEDOUT_KERNEL=${ETIMEDOUT_KERNEL:-$("$(dirname "$0")/../../simulator/vm/kernel/build.sh" --path)}
export TMPDIR=$work/tmp HOME=$work/home
mkdir -p "$TMPDIR" "$HOME"
cd "$work"

# scenario NAME COMMAND: writes NAME.yaml, in which a client runs this command.
scenario() {
    cat >"$work/$1.yaml" <<YAML
scenario: 1
name: $1
limit: {real: 30s}
nodes:
  client: {}
  server: {stub: http, port: 80}
links: {api: client -> server:80}
steps:
  - call: {id: c, link: api, exec: "$2", deadline: 10m}
expect:
  - {at: c, outcome: ok}
YAML
}
scenario long 'sleep 1; setsid sleep 1000 & i=0; while [ $i -lt 2000 ]; do sleep 0.01; i=$((i+1)); done'

mounts() { sort /proc/self/mounts; }
rules() { nft list ruleset 2>/dev/null || true; }
before_mounts=$(mounts) before_rules=$(rules)

# What still mentions our folder in its command line or has it open is ours.
ours() { pgrep -af -- "$work|^etimedout-keeper|world-real" | grep -vE 'kill_test|interrupt_test|pgrep' || true; }

pause() { read -r -t "$1" <> <(:) || true; }

# nothing_left WHEN: the keeper clears away; nothing may be left once it has ended.
nothing_left() {
    local left
    for _ in $(seq 1 100); do
        left=$(ours)
        [ -z "$left" ] && [ -z "$(ls -A "$TMPDIR")" ] && break
        pause 0.1
    done
    [ -z "$left" ] || { echo "$1: processes left:"; echo "$left"; exit 1; }
    [ -z "$(ls -A "$TMPDIR")" ] || { echo "$1: files left:"; find "$TMPDIR"; exit 1; }
    [ ! -e "$HOME/.uml" ] || { echo "$1: ~/.uml left"; exit 1; }
}

# The same of what is the whole machine's.
machine_untouched() {
    [ "$(mounts)" = "$before_mounts" ] || { echo "mounts left"; exit 1; }
    [ "$(rules)" = "$before_rules" ] || { echo "rules left"; exit 1; }
}

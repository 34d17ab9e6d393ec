#!/usr/bin/env bash
# Runs a scenario in which packets are lost at random with two seeds: one seed twice gives the same
# capture; another seed loses other packets, and gives other ports and sequence numbers.
#
#   scripts/check_seeds.sh ETIMEDOUT
set -euo pipefail
etimedout=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat >lossy.yaml <<'YAML'
scenario: 1
name: an upload over a link that loses every tenth packet
nodes: {client: {}, server: {stub: http, port: 80}}
links: {api: client -> server:80}
steps:
  - fault: {id: lossy, link: api, kind: loss, share: 10%}
  - call: {id: c, link: api, request: {method: POST, path: /, body_size: 256kb}, deadline: 10m}
expect:
  - {at: c, status: 200}
YAML

for run in 1 1-again 2; do
    "$etimedout" run lossy.yaml --time virtual --seed "${run%-again}" --keep "$run" >log || {
        cat log
        exit 1
    }
done
near=lossy/api.near.pcap
port() { grep -m 1 -o '"client":"[^"]*"' "$1/lossy/events.jsonl"; }
# The SYN is the first packet: after the headers of file and packet (24, 16), Ethernet and IPv4
# (14, 20) and the two ports (4) comes its sequence number.
isn() { od -A n -t x1 -j 78 -N 4 "$1/$near"; }
retransmitted() { grep -m 1 -o '"retransmissions":[0-9]*' "$1/lossy/events.jsonl"; }

fail() { echo "$1"; exit 1; }
cmp -s 1/$near 1-again/$near || fail "seed 1 gives another capture the second time"
! cmp -s 1/$near 2/$near || fail "seeds 1 and 2 give the same capture"
[ "$(port 1)" != "$(port 2)" ] || fail "seeds 1 and 2 give the same port"
[ "$(isn 1)" != "$(isn 2)" ] || fail "seeds 1 and 2 give the same sequence number"
echo "seed 1: $(port 1), ISN$(isn 1), $(retransmitted 1)"
echo "seed 2: $(port 2), ISN$(isn 2), $(retransmitted 2)"

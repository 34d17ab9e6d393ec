#!/usr/bin/env bash
# A link with a proxy in it looks like one without to a caller that is refused, or that nobody
# answers: the caller is let in when the callee has answered.
#
#   gate_test.sh ETIMEDOUT virtual|real
set -euo pipefail
etimedout=$(readlink -f "$1")
clock=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# The faults of the second run do nothing but have the proxy there.
cat >gate.yaml <<'YAML'
scenario: 1
name: gate
nodes:
  client: {sysctl: {net.ipv4.tcp_syn_retries: 2}}
  nobody: {stub: http, port: 80}
  busy: {stub: tcp, port: 80, backlog: 1, accept_delay: 1h}
  server: {stub: http, port: 80}
links:
  none: client -> nobody
  full: client -> busy:80
  api: {path: "client -> server:80", ip: both}
steps:
  - call: {id: refused, in: client, exec: "curl -sS http://nobody:81/"}
  - call: {id: other_port, in: client, exec: "curl -sS http://nobody:80/"}
  - call: {id: fill, link: full, tcp: connect, times: 2, hold: open}
  - call: {id: unanswered, link: full, tcp: connect, deadline: 60s}
  - call: {id: fine, link: api, get: /}
  - fault: {id: gone, link: api, kind: reset, first: 1 request}
  - call: {id: reset, link: api, get: /}
  - call: {id: again, link: api, get: /}
expect:
  - {at: refused, exit_code: 7, stderr: {contains: Couldn't connect to server}}
  - {at: none, of: refused, attempts: 1, syns: 1, established: 0}
  - {at: other_port, exit_code: 0}
  - {at: unanswered, outcome: connect_timeout, errno: ETIMEDOUT}
  - {at: full, of: unanswered, attempts: 1, syns: {at_least: 3}, established: 0}
  - {at: fine, status: 200}
  - {at: reset, outcome: reset}
  - {at: again, status: 200}
YAML
# In the first run the links that refuse have no proxy, in the second all have one.
"$etimedout" run gate.yaml --time "$clock" --keep without >out.txt 2>&1 || { echo "without:"; cat out.txt; exit 1; }
sed -e '/^steps:/a\  - fault: {id: a, link: none, kind: stall, after: 1gb}\n  - fault: {id: b, link: full, kind: stall, after: 1gb}' \
    -e 's/^  - {at: fine/  - {at: a, fired: 0}\n&/' gate.yaml >with.yaml
"$etimedout" run with.yaml --time "$clock" --keep with >out.txt 2>&1 || { echo "with:"; cat out.txt; exit 1; }
echo "a caller learns the same through a proxy"

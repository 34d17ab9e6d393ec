#!/usr/bin/env bash
# A system that exists on this machine, called from a world over links with faults: by TCP and UDP,
# by the node's name and its own, and when nobody is there.
#
#   outside_test.sh ETIMEDOUT
set -euo pipefail
etimedout=$(readlink -f "$1")
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work"

cat >outside.py <<'PY'
# Answers each HTTP request with its path and its Host, and each datagram with itself.
import http.server
import socket
import sys
import threading

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"outside {self.path} {self.headers['Host']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

tcp = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", tcp.server_address[1]))

def echo():
    while True:
        data, peer = udp.recvfrom(65536)
        udp.sendto(b"outside " + data, peer)

threading.Thread(target=echo, daemon=True).start()
print(tcp.server_address[1], flush=True)
tcp.serve_forever()
PY
mkfifo port
python3 outside.py >port &
server=$!
read -r port <port

cat >outside.yaml <<YAML
scenario: 1
name: outside
nodes:
  client: {}
  payments: {external: "127.0.0.1:$port"}
links:
  api: client -> payments:80
steps:
  - call: {id: plain, link: api, get: /a}
  - call: {id: own_port, in: client, exec: "curl -sS http://payments:$port/b"}
  - call:
      id: datagram
      in: client
      exec: |
        exec python3 -c "
        import socket
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(10)
        s.connect(('payments', $port))
        s.send(b'hello')
        print(s.recv(100).decode())"
  - fault: {id: f, link: api, kind: silent, first: 1 request}
  - call: {id: first, link: api, get: /c, timeout: 300ms}
  - call: {id: second, link: api, get: /d}
expect:
  - {at: plain, status: 200, body: "outside /a payments"}
  - {at: own_port, stdout: "outside /b payments:$port"}
  - {at: datagram, stdout: {contains: outside hello}}
  - {at: first, outcome: first_byte_timeout}
  - {at: second, status: 200}
YAML
"$etimedout" run outside.yaml >out.txt 2>&1 || { echo "with a system outside:"; cat out.txt; exit 1; }

kill "$server"
wait "$server" 2>/dev/null || true
server=
cat >nobody.yaml <<YAML
scenario: 1
name: nobody
nodes: {client: {}, payments: {external: "127.0.0.1:$port"}}
links: {api: "client -> payments:80"}
steps:
  - call: {id: c, link: api, get: /}
expect:
  - {at: c, outcome: connect_refused}
  - {at: payments, log: {contains: "127.0.0.1:$port outside cannot be reached: Connection refused"}}
YAML
"$etimedout" run nobody.yaml >out.txt 2>&1 || { echo "with nobody there:"; cat out.txt; exit 1; }

cat >unknown.yaml <<YAML
scenario: 1
name: unknown
nodes: {client: {}, payments: {external: "no-such-host.invalid:80"}}
links: {api: "client -> payments:80"}
steps:
  - call: {id: c, link: api, get: /}
expect:
  - {at: c, status: 200}
YAML
status=0
"$etimedout" run unknown.yaml >out.txt 2>&1 || status=$?
[ $status -ne 0 ] && grep -q 'payments is no-such-host.invalid:80, which is not to be found' out.txt ||
    { echo "a name nobody knows, exit code $status:"; cat out.txt; exit 1; }
echo "a system outside is called over links with faults, and is missed when it is not there"

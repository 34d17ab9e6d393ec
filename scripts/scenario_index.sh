#!/usr/bin/env bash
# Writes the tables of scenarios/README.md from the question that each scenario begins with.
#
#   scripts/scenario_index.sh            writes the file
#   scripts/scenario_index.sh --check    says whether it is up to date
set -euo pipefail
cd "$(dirname "$0")/../scenarios"

# folder: title, in the order of the file.
sections=(
    "latency: Latency, loss and congestion"
    "firewall: Firewalls"
    "slow-upstream: Slow and overloaded upstreams"
    "overload: Processes, queues and resources of a node"
    "kernel-limits: Limits of the kernel"
    "refused: Nobody there, or gone in the middle"
    "dns: Names, and those who resolve them"
    "misconfigured: Services that are down, wrongly set up, or not there yet"
    "application: Bugs of applications"
    "databases: Databases, caches and pools"
    "connect-timeouts: Every way in which connecting fails"
    "streams: Streams of bytes and events"
    "llm: Models and their gateways"
    "tls: TLS"
    "gateways/nginx: nginx"
    "gateways/haproxy: HAProxy"
    "gateways/caddy: Caddy"
    "gateways/apache: Apache"
    "gateways/varnish: Varnish"
    "gateways/squid: Squid"
    "gateways/lighttpd: lighttpd"
    "gateways/portkey: Portkey, a gateway to LLMs"
    "clients/curl: curl"
    "clients/wget: wget"
    "clients/node: Node.js"
    "clients/python: Python"
    "clients/java: Java"
    "resilience: Retries, pools, outages"
)

# The comment at the top, on one line, without its first word.
question_of() {
    sed -n '/^#/!q; s/^# \?//p' "$1" | tr '\n' ' ' | sed -E 's/^Question: //; s/ +$//; s/^./\u&/'
}

index() {
    sed '/^## /Q' README.md
    local section folder file
    for section in "${sections[@]}"; do
        folder=${section%%:*}
        printf '## %s\n\n| scenario | question |\n|---|---|\n' "${section#*: }"
        for file in "$folder"/*.yaml; do
            printf '| [%s](%s) | %s |\n' "$file" "$file" "$(question_of "$file")"
        done
        echo
    done
}

fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT
index | sed -e '${/^$/d}' >"$fresh"
listed=$(grep -c '^| \[' "$fresh")
files=$(find . -name node_modules -prune -o -name '*.yaml' -print | wc -l)
if [ "$listed" -ne "$files" ]; then
    echo "scenario index: $files scenarios, $listed of them in a folder that it knows: see its sections"
    exit 1
fi
if [ "${1:-}" = --check ]; then
    cmp -s "$fresh" README.md || {
        echo "scenario index: scenarios/README.md is not up to date: run scripts/scenario_index.sh"
        exit 1
    }
    echo "scenario index: $files scenarios, each with its question"
else
    cp "$fresh" README.md
fi

#!/usr/bin/env bash
# Builds the fuzzers with clang and runs each for so many seconds, from its corpus, two at a time.
#
#   scripts/fuzz.sh [SECONDS]
set -euo pipefail
. "$(dirname "$0")/lib.sh"
seconds=${1:-60}

# run_fuzzer FUZZER: a finding or no run at all is a failure.
run_fuzzer() {
    local fuzzer=$1 fresh log runs status=0
    fresh=$(mktemp -d)
    log=$(mktemp)
    (cd "$fresh" && "$top/build/fuzz/tests/fuzz/$fuzzer" -max_total_time="$seconds" -max_len=4096 \
        -rss_limit_mb=2048 "$fresh" "$top/tests/fuzz/corpus/${fuzzer#fuzz_}") >"$log" 2>&1 ||
        status=$?
    if [ $status -ne 0 ]; then
        tail -n 60 "$log"
        die "$fuzzer found something; what it was fed is in $fresh"
    fi
    runs=$(sed -nE 's/^Done ([0-9]+) runs.*/\1/p' "$log")
    echo "$fuzzer: ${runs:-0} inputs in $seconds s, nothing found"
    rm -rf "$fresh" "$log"
    [ "${runs:-0}" -gt 0 ] || die "$fuzzer ran nothing"
}

fuzzers=(fuzz_scenario fuzz_pcap fuzz_dns fuzz_api fuzz_config fuzz_conversation fuzz_events)
ensure_build fuzz "${fuzzers[@]}"
export top seconds
export -f run_fuzzer say die
printf '%s\0' "${fuzzers[@]}" | xargs -0 -n 1 -P 2 bash -c 'set -uo pipefail; run_fuzzer "$1"' fuzz

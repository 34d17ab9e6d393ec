#!/usr/bin/env bash
# Builds the fuzzers with clang and runs each for so many seconds, from its corpus.
#
#   scripts/fuzz.sh [SECONDS]
set -euo pipefail
. "$(dirname "$0")/lib.sh"
seconds=${1:-60}

fuzzers=(fuzz_scenario fuzz_pcap fuzz_api fuzz_config fuzz_conversation)
ensure_build fuzz "${fuzzers[@]}"
for fuzzer in "${fuzzers[@]}"; do
    fresh=$(mktemp -d)
    log=$(mktemp)
    corpus=$top/tests/fuzz/corpus/${fuzzer#fuzz_}
    status=0
    (cd "$fresh" && "$top/build/fuzz/tests/fuzz/$fuzzer" -max_total_time="$seconds" -max_len=4096 \
        -rss_limit_mb=2048 "$fresh" "$corpus") >"$log" 2>&1 || status=$?
    if [ $status -ne 0 ]; then
        tail -n 60 "$log"
        die "$fuzzer found something; what it was fed is in $fresh"
    fi
    runs=$(sed -nE 's/^Done ([0-9]+) runs.*/\1/p' "$log")
    echo "$fuzzer: ${runs:-0} inputs in $seconds s, nothing found"
    rm -rf "$fresh" "$log"
    [ "${runs:-0}" -gt 0 ] || die "$fuzzer ran nothing"
done

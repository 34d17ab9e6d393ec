#!/usr/bin/env bash
# Every test of the project, in every mode, and what a fresh Debian 12 needs for them.
#
#   scripts/test.sh          what continuous integration runs; of clang-tidy what changed of late
#   scripts/test.sh quick    build, unit and world tests, the library; no sanitizers, no fuzzers
#
# Prints how many tests ran in each mode; a mode in which none ran is a failure.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

scope=${1:-all}
case $scope in
    all | quick) ;;
    *) die "scripts/test.sh: there is no scope \`$scope\`: leave it out, or write quick" ;;
esac
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
began=$SECONDS

# What runs under sanitizers: worlds cannot (VM tests, the command), these can.
test_programs=(test_unit test_events test_wire test_observe test_observe_live test_scenario
    test_expect test_diagnose test_dns test_resolver test_report test_net test_node test_node_world test_stub test_stream test_engine
    test_proxy_set test_proxy_api test_call test_toxiproxy)
# Those of them in which more than one thread runs.
threaded_programs=(test_observe_live test_net test_node test_node_world test_stub test_engine
    test_proxy_set test_proxy_api test_call test_resolver)

step() { printf '\n== %s (%d s)\n' "$*" $((SECONDS - began)); }

# run_ctest PRESET MODE LABEL: runs the tests with this label and remembers how many there were.
run_ctest() {
    local preset=$1 mode=$2 label=$3 log=$results/$2.log status=0
    step "$mode"
    # Whole worlds are tested by the release build; sanitizers cannot start inside one.
    local left_out='^$'
    [ "$preset" = release ] || left_out='^((world|cli|proxy_cli|clients)[.]|.*_NOT_BUILT$)'
    ctest --test-dir "$top/build/$preset" -L "$label" -E "$left_out" -j 2 --output-on-failure --no-tests=error \
        >"$log" 2>&1 || status=$?
    if [ $status -ne 0 ]; then cat "$log"; else tail -n 4 "$log"; fi
    count "$mode" "$log"
}

# count MODE LOG: from ctest's summary line.
count() {
    local mode=$1 log=$2 failed total skipped
    failed=$(sed -nE 's/^[0-9]+% tests passed, ([0-9]+) tests failed out of ([0-9]+)$/\1/p' "$log")
    total=$(sed -nE 's/^[0-9]+% tests passed, ([0-9]+) tests failed out of ([0-9]+)$/\2/p' "$log")
    skipped=$(grep -cE '\*\*\*Skipped' "$log") || true
    printf '%s %s %s %s\n' "$mode" "$((${total:-0} - ${failed:-1} - skipped))" "${failed:-1}" \
        "$skipped" >>"$results/counts"
    grep -E '\*\*\*Skipped' "$log" | sed -E "s/^.*Test +#[0-9]+: ([^ ]+) .*/$mode \1/" \
        >>"$results/skips" || true
}

# record MODE STATUS: a check that is one command.
record() {
    if [ "$2" -eq 0 ]; then printf '%s 1 0 0\n' "$1"; else printf '%s 0 1 0\n' "$1"; fi \
        >>"$results/counts"
}

check() {
    local mode=$1 status=0
    shift
    step "$mode"
    "$@" || status=$?
    record "$mode" $status
}

ensure_packages build library check
ensure_modules
step "the virtual kernel"
ensure_kernel
step "build"
ensure_build release all

check format "$top/scripts/format.sh" --check
check layers "$top/scripts/check_layers.sh"
check fault-names "$top/scripts/check_fault_names.sh"
check scenario-index "$top/scripts/scenario_index.sh" --check
run_ctest release unit '^unit$'
run_ctest release virtual '^virtual$'
run_ctest release real '^real$'
check library "$top/scripts/check_library.sh" "$top/build/release/harness/cli/etimedout"

if [ "$scope" != quick ]; then
    check fuzz "$top/scripts/fuzz.sh" 25
    check tidy "$top/scripts/tidy.sh" recent
    step "build with AddressSanitizer and UndefinedBehaviorSanitizer"
    ensure_build asan "${test_programs[@]}"
    run_ctest asan asan-unit '^unit$'
    run_ctest asan asan-real '^real$'
    step "build with ThreadSanitizer"
    ensure_build tsan "${threaded_programs[@]}"
    run_ctest tsan tsan '^(unit|real)$'
    step "build with UndefinedBehaviorSanitizer, for inside worlds"
    ensure_build ubsan etimedout
    # Programs do not matter here, only what is ours: the folders in which stubs are called.
    ours=(connect-timeouts dns firewall kernel-limits latency llm overload refused resilience slow-upstream
        streams tls)
    check ubsan-worlds "$top/build/ubsan/harness/cli/etimedout" run "${ours[@]/#/$top/scenarios/}"
fi

step "summary"
passed=0 failed=0 skipped=0 status=0
while read -r mode p f s; do
    printf '%-14s %4d passed %3d failed %3d skipped\n' "$mode" "$p" "$f" "$s"
    if [ $((p + f)) -eq 0 ]; then
        echo "no test ran in the mode $mode: that is a failure"
        status=1
    fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done <"$results/counts"
if [ -s "$results/skips" ]; then
    printf '\nskipped, with the reason in the log of the mode:\n'
    sort "$results/skips" | sed 's/^/  /'
fi
printf '\n%d s\n%d passed, %d failed, %d skipped\n' $((SECONDS - began)) $passed $failed $skipped
[ $failed -eq 0 ] && [ $status -eq 0 ]

#!/usr/bin/env bash
# check_fault_names.sh finds what is planted in a tree of its own, where it is, and nothing else.
set -euo pipefail
top=$1
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/simulator/proxy" "$tree/harness"
cp -r "$top/simulator/faults" "$tree/simulator/"

fail() {
    printf '%s\n' "$@"
    exit 1
}

printf '%s\n' '// "latency" in a comment is a word like any other.' \
    'constexpr auto text = "a latency and more";' >"$tree/simulator/proxy/clean.cc"
"$top/scripts/check_fault_names.sh" "$tree" || fail "a clean tree was found fault with"

for planted in 'if (kind_of(toxic) == "latency") return;' 'add("slicer"); // a comment' \
    'constexpr auto url = "http://x"; auto y = "reset_peer";'; do
    printf '\n%s\n' "$planted" >"$tree/simulator/proxy/planted.cc"
    said=$("$top/scripts/check_fault_names.sh" "$tree") && fail "not found: $planted" "$said"
    grep -q '^simulator/proxy/planted.cc:2: names the fault `' <<<"$said" ||
        fail "said something else of: $planted" "$said"
done
rm "$tree/simulator/proxy/planted.cc"
printf 'auto x = "duplicate";\n' >"$tree/harness/planted.hh"
! "$top/scripts/check_fault_names.sh" "$tree" >/dev/null || fail "not found in harness"
rm "$tree"/simulator/faults/*.hh
! "$top/scripts/check_fault_names.sh" "$tree" >/dev/null 2>&1 || fail "no kinds at all is no success"

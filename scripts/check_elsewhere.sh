#!/usr/bin/env bash
# Proves the library from a copy at a longer path, in another environment and, where the caller is
# root, as an ordinary user: every expectation can fail, and the runs as written repeat an earlier one
# byte for byte.
#
#   scripts/check_elsewhere.sh ETIMEDOUT FIRST-FOLDER
set -euo pipefail
etimedout=$1 first=$2
top=$(cd "$(dirname "$0")/.." && pwd)
kernel=${ETIMEDOUT_KERNEL:-$("$top/simulator/vm/kernel/build.sh" --path)}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
copy=$work/a-checkout-somewhere-else/with-a-longer-path/than-most-have
mkdir -p "$copy/home" "$copy/tmp" "$copy/results"
# The kernel's cache, the program and the checkout may lie where only root may look.
cp "$kernel" "$copy/linux"
cp "$etimedout" "$copy/etimedout"
cp -r "$top/scenarios" "$copy/scenarios"
chmod -R a+rX "$work"

as_user=()
if [ "$(id -u)" -eq 0 ]; then
    as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    chown 65534:65534 "$copy/home" "$copy/tmp" "$copy/results"
fi
umask 077
cd "$copy"
"${as_user[@]}" env HOME="$copy/home" TMPDIR="$copy/tmp" ETIMEDOUT_KERNEL="$copy/linux" \
    LANG=C.UTF-8 TZ=Asia/Tokyo HOSTNAME=elsewhere \
    "$copy/etimedout" prove "$copy/scenarios" --keep "$copy/results" >"$work/log" || {
    grep -vE '^(proved |  line )' "$work/log"
    exit 1
}
tail -n 1 "$work/log"
"$top/scripts/compare_runs.sh" "$first" "$copy/results"

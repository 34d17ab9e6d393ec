#!/usr/bin/env bash
# Runs one golden test: the command line in NAME/cmd, in that folder, must print NAME/out and exit
# with NAME/exit. Real seconds and the kernel's place are the only things not compared.
# UPDATE_GOLDEN=1 writes what it printed instead.
#
#   run_golden.sh ETIMEDOUT FOLDER
set -euo pipefail
etimedout=$(readlink -f "$1") folder=$(readlink -f "$2")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$folder/." "$work"
cd "$work"
ln -s "$etimedout" etimedout

status=0
PATH="$work:$PATH" NO_COLOR=1 bash ./cmd >"$work/.out" 2>&1 </dev/null || status=$?
sed -E -i \
    -e '/^(pass|fail|error|inconclusive) /s/ in [0-9.]+(us|ms|s)$/ in REAL/' \
    -e 's/ in [0-9.]+ real seconds( \([0-9]+x\))?/ in REAL real seconds/g' \
    -e 's/ skipped: [0-9.]+ seconds/ skipped: REAL seconds/' \
    -e 's/[0-9.]+ CPU seconds/N CPU seconds/g' "$work/.out"

if [ "${UPDATE_GOLDEN:-}" = 1 ]; then
    cp "$work/.out" "$folder/out"
    echo $status >"$folder/exit"
    exit 0
fi
diff -u "$folder/out" "$work/.out"
[ "$status" -eq "$(cat "$folder/exit")" ] || {
    echo "exit code $status, expected $(cat "$folder/exit")"
    exit 1
}

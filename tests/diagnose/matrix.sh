#!/usr/bin/env bash
# Runs the corpus and prints the confusion matrix of known against diagnosed root causes.
#
#   matrix.sh ETIMEDOUT DIAGNOSE_MATRIX held_out|development [MARKDOWN]
#
# The rules were written looking at `development`; the test uses `held_out`, whose seeds and
# patiences they had never seen. With UPDATE_GOLDEN=1 the table is put into MARKDOWN.
set -euo pipefail
etimedout=$(readlink -f "$1") tool=$(readlink -f "$2") set=$3 page=$(readlink -f "${4:-/dev/null}")
here=$(readlink -f "$(dirname "$0")")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
run() { # SEED FILE…
    local seed=$1
    shift
    local status=0
    "$etimedout" run "$@" --seed "$seed" --jobs 2 --time virtual \
        --keep "kept-$seed" >"run-$seed.out" 2>&1 || status=$?
    # No scenario of the corpus expects anything: all pass, unless the run itself broke. What is
    # skipped for a program that is not installed is not counted.
    [ $status -eq 0 ] || { cat "run-$seed.out" >&2; echo "run: exit $status" >&2; exit 2; }
    tail -1 "run-$seed.out" >&2
}
names_of() { sed -n 's/^[^#]*vars: {patience: "\{0,1\}\([0-9.]*[a-z]*\)"\{0,1\}}.*/\1/p' "$1"; }

# Another patience than the file's own, in its unit; each set has factors of its own.
case $set in
development) seeds="1 2" ; factors="1 1.3" ;;
held_out) seeds="90210 4711" ; factors="0.93 1.21" ;;
*) echo "no set is named $set" >&2; exit 2 ;;
esac
read -ra factor <<<"$factors"
i=0
for seed in $seeds; do
    mkdir -p "corpus-$seed"
    cp "$here"/corpus/* "corpus-$seed/"
    for file in "corpus-$seed"/*.yaml; do
        patience=$(names_of "$file")
        [ -n "$patience" ] || { echo "$file: no patience" >&2; exit 2; }
        number=${patience%%[a-z]*} unit=${patience##*[0-9.]}
        [ "$unit" = s ] && { number=$(awk "BEGIN { print $number * 1000 }"); unit=ms; }
        new=$(awk "BEGIN { printf \"%d\", $number * ${factor[$i]} }")$unit
        sed -i -E "s/(vars: \{patience: \"?)$patience/\1$new/" "$file"
    done
    run "$seed" "corpus-$seed"/*.yaml
    i=$((i + 1))
done

status=0
"$tool" kept-*/* >table.md 2>wrong.txt || status=$?
cat table.md wrong.txt
if [ "$page" != /dev/null ] && [ "${UPDATE_GOLDEN:-}" = 1 ]; then
    awk -v table="$work/table.md" '
        /<!-- matrix -->/ { print; print ""; while ((getline line < table) > 0) print line
                            print ""; skip = 1; next }
        /<!-- end of matrix -->/ { skip = 0 }
        !skip' "$page" >page.md && cp page.md "$page"
fi
exit $status

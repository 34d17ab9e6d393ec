#!/usr/bin/env bash
# Renders the manual page; any warning of groff is a failure.
#
#   man_page_test.sh ETIMEDOUT
set -euo pipefail
command -v groff >/dev/null || {
    echo "skipped: no groff here (apt-get install groff-base)"
    exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1" man >"$work/etimedout.1"
groff -man -ww -Tutf8 -Kutf8 -P-cbou "$work/etimedout.1" >"$work/text" 2>"$work/warnings"
if [ -s "$work/warnings" ]; then
    cat "$work/warnings"
    exit 1
fi
for section in NAME SYNOPSIS COMMANDS FAULTS 'EXIT STATUS' ENVIRONMENT; do
    grep -qx "$section" "$work/text" || {
        echo "the page has no section $section"
        exit 1
    }
done
echo "$(wc -l <"$work/text") lines without a warning"

#!/usr/bin/env bash
# Formats every source file in place; --check only says which are not formatted.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t files < <(git ls-files -co --exclude-standard '*.cc' '*.hh')
if [ "${1:-}" = --check ]; then
    clang-format-14 --dry-run -Werror "${files[@]}" || {
        echo "format: run scripts/format.sh"
        exit 1
    }
    echo "format: ${#files[@]} files follow .clang-format"
else
    clang-format-14 -i "${files[@]}"
fi

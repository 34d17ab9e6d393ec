#!/usr/bin/env bash
# Sets up what a fresh Debian 12 needs and runs the scenario library.
#
#   scripts/run.sh                       run everything in scenarios/
#   scripts/run.sh --jobs 1 FILE…        any arguments of `etimedout run`
set -euo pipefail
. "$(dirname "$0")/lib.sh"

ensure_packages build library
ensure_modules
ensure_kernel
ensure_build release etimedout man_and_completions  # what can be installed

if [ $# -eq 0 ]; then set -- "$top/scenarios"; fi
exec "$top/build/release/harness/cli/etimedout" run "$@"

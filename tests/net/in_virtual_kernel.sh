#!/bin/sh
# Runs a test program as process 1 of the virtual kernel; its exit code becomes ours.
#   in_virtual_kernel.sh PROGRAM [ARGUMENT…]      ETIMEDOUT_KERNEL names another kernel
set -eu
program=$1
shift
cache=${XDG_CACHE_HOME:-$HOME/.cache}/etimedout/kernel
kernel=${ETIMEDOUT_KERNEL:-$(ls -t "$cache"/*/linux 2>/dev/null | head -n 1)}
if [ -z "$kernel" ]; then
    echo "skipped: no virtual kernel in $cache; simulator/vm/kernel/build.sh makes one"
    exit 77
fi
# The memory file is fastest where files are memory.
folder=$(mktemp -d "${TMPDIR:-/dev/shm}/etimedout-net.XXXXXX")
trap 'rm -rf "$folder"' EXIT
# What varies between runs goes by file: the command line is part of a run's identity.
: >"$folder/arguments"
for argument; do printf '%s\n' "$argument" >>"$folder/arguments"; done
env -i TMPDIR="$folder" "$kernel" mem=256M time-travel=inf-cpu \
    time-travel-start=1767225600000000000 etimedout.seed="${ETIMEDOUT_SEED:-1}" \
    root=/dev/root rootfstype=hostfs rootflags=/ ro init="$program" con=null con0=null,fd:1 \
    "uml_dir=$folder" quiet norandmaps -- --arguments="$folder/arguments" </dev/null |
    tee "$folder/output" | sed '/^etimedout-tests: exit /d'
code=$(sed -n 's/^etimedout-tests: exit \([0-9]*\).*/\1/p' "$folder/output")
if [ -z "$code" ]; then
    echo "the virtual kernel ended before the tests did"
    exit 1
fi
exit "$code"

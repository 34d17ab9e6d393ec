#!/usr/bin/env bash
# Loads the completion for zsh the way compinit does; zsh must know whom it completes, and that
# every specification in it is one.
#
#   zsh_completion_test.sh ETIMEDOUT
set -euo pipefail
command -v zsh >/dev/null || {
    echo "skipped: no zsh here (apt-get install zsh)"
    exit 77
}
etimedout=$(readlink -f "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir functions
"$etimedout" completions zsh >functions/_etimedout
zsh -n functions/_etimedout
zsh -f -c 'fpath=($PWD/functions $fpath); autoload -Uz compinit; compinit -u -d $PWD/dump
    [[ $_comps[etimedout] == _etimedout ]] || { print "compinit does not know etimedout"; exit 1 }'

# _arguments and _describe are replaced by what looks at their arguments.
cat >check.zsh <<'ZSH'
compdef() { :; }
source functions/_etimedout
typeset -i seen=0
_describe() { seen+=${#commands} }
_arguments() {
    local one
    for one in "$@"; do
        seen+=1
        [[ $one == -C || $one == (\(*\)|\*|)-(-|)[a-z-]##(=|)\[*\](:*:*|) ||
            $one == ([1*]|\*:):*:* || $one == \*:*:* ]] ||
            { print -r -- "not a specification: $one"; exit 1 }
    done
    [[ $1 != -C ]] || state=$wanted
}
setopt extended_glob
wanted=command
_etimedout
wanted=argument
for command in run prove check list recheck new faults schema doctor completions man; do
    words=($command)
    before=$seen
    _etimedout
    (( seen > before + 2 )) || { print "nothing completes $command"; exit 1 }
done
print "zsh understands $seen specifications"
ZSH
zsh -f check.zsh

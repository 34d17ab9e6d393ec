#!/usr/bin/env bash
# Installs into a folder and uses what is there as its user would. Where there is no kernel, the
# program names the script that builds one: it must exist, installed as well as in the checkout.
#
#   install_test.sh ETIMEDOUT BUILD-FOLDER
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$2" --prefix "$work/usr" >"$work/log" || {
    cat "$work/log"
    exit 1
}

# advised ETIMEDOUT: the script it names.
advised() {
    env -u ETIMEDOUT_KERNEL ETIMEDOUT_CACHE="$work/no-cache" "$1" doctor |
        sed -n 's/.*about three minutes: //p'
}
cd "$work"
for program in "$work/usr/bin/etimedout" "$1"; do
    script=$(advised "$program")
    [ -x "$script" ] || {
        echo "$program: its advice is to run '$script', which is not there"
        exit 1
    }
done
script=$(advised "$work/usr/bin/etimedout")
[ "$script" = "$work/usr/share/etimedout/kernel/build.sh" ] || {
    echo "the installed program names $script"
    exit 1
}
for file in options COPYING 0001-*.patch; do ls "${script%/*}/"$file >/dev/null; done

cd "$work/usr/share"
for file in doc/etimedout/LICENSE doc/etimedout/language.md man/man1/etimedout.1 \
    bash-completion/completions/etimedout zsh/vendor-completions/_etimedout \
    fish/vendor_completions.d/etimedout.fish etimedout/language.schema.json; do
    [ -s "$file" ] || {
        echo "$file is not installed, or is empty"
        exit 1
    }
done
"$work/usr/bin/etimedout" schema | cmp - etimedout/language.schema.json
"$work/usr/bin/etimedout" check etimedout/scenarios

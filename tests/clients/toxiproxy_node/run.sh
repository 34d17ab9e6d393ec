#!/usr/bin/env bash
# Installs toxiproxy-node-client as package-lock.json pins it, below the build folder, starts the
# proxy and walks through all that the package offers.
#
#   run.sh ETIMEDOUT FOLDER
set -euo pipefail
etimedout=$(readlink -f "$1") folder=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

mkdir -p "$folder"
cp "$here"/package.json "$here"/package-lock.json "$here"/*.mjs "$folder"
cd "$folder"
ln -sfn "$etimedout" toxiproxy-server
if ! cmp -s package-lock.json node_modules/.installed; then
    if ! npm ci --no-audit --no-fund >npm.log 2>&1; then
        cat npm.log
        echo "npm ci failed, so toxiproxy-node-client cannot be tested. Install npm (apt-get install"
        echo "npm), and let it reach its registry: \`npm config get registry\`, \`npm ping\`."
        exit 1
    fi
    cp package-lock.json node_modules/.installed
fi
exec node walk.mjs "$folder/toxiproxy-server"

#!/bin/sh
# Builds the web UI into web/dist when its sources have changed.
set -eu
cd "$(dirname -- "$0")/.."
. scripts/steps.sh

wanted=$(find web src/api src/manifest package-lock.json -type f -not -path 'web/dist/*' -not -path '*/node_modules/*' -print0 |
  LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-64)
if [ "$(cat web/dist/.sources 2>/dev/null || true)" != "$wanted" ]; then
  begin "Building the web UI"
  PATH="$PWD/node_modules/.bin:$PATH" npm run --silent build --workspace web || fail "the web UI could not be built; the lines above say why."
  printf '%s\n' "$wanted" >web/dist/.sources
  finish "the web UI is in web/dist"
fi

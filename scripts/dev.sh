#!/bin/sh
# npm run dev: server and web UI that reload on change, in a home of their own, seeded with the two-tier example.
set -eu
cd "$(dirname -- "$0")/.."
. scripts/steps.sh
sh scripts/install.sh scripts/system-packages.txt
PATH="$PWD/node_modules/.bin:$PATH"
LABYARD_HOME="${LABYARD_HOME:-$PWD/.labyard/dev}"
export PATH LABYARD_HOME
sh scripts/build-web.sh
bin/labyard setup

children=
stop() {
  trap - EXIT INT TERM
  for child in $children; do kill "$child" 2>/dev/null || true; done
  wait
}
trap stop EXIT INT TERM

node --watch --watch-preserve-output --disable-warning=ExperimentalWarning src/main.ts serve --log-level info &
children="$children $!"
(cd web && exec vite dev --clearScreen false) &
children="$children $!"

begin "Seeding the two-tier example"
tries=0
until bin/labyard playground catalog -q -f my-custom >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 60 ] || fail "the server did not answer within 30 s; its own lines above say why."
  sleep 0.5
done
bin/labyard playground catalog -q -f my-custom | grep -q '^two-tier-' ||
  bin/labyard playground create two-tier --base flexbox -f examples/two-tier.yaml -q
finish "the catalogue has it; the web UI reloads at the address that vite printed"
wait

#!/bin/sh
# npm start: everything from a fresh clone to a serving Labyard. Each step is skipped when its result is there.
set -eu
cd "$(dirname -- "$0")/.."
sh scripts/install.sh scripts/system-packages.txt
sh scripts/build-web.sh
bin/labyard setup
exec bin/labyard serve "$@"

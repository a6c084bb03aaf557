#!/bin/sh
# npm run check: types, lint, format, import directions, unused code. Everything that can be said without running.
set -eu
cd "$(dirname -- "$0")/.."
PATH="$PWD/node_modules/.bin:$PATH"
. scripts/steps.sh
begin "Checking types"
tsc -p .
[ ! -f web/tsconfig.json ] || tsc -p web
finish "types are sound"
begin "Checking lint and format"
oxlint --type-aware src test bench scripts images
biome format --log-level=warn .
finish "lint and format are clean"
begin "Checking the direction of imports"
node --test --test-reporter=dot scripts/layers.test.ts
finish "imports point one way"
begin "Checking unused code"
knip --no-progress
finish "nothing is unused"

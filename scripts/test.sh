#!/bin/sh
# npm test: the same preparation as npm start, the tools that only tests need, then every test.
set -eu
cd "$(dirname -- "$0")/.."
sh scripts/install.sh scripts/system-packages.txt scripts/test-packages.txt
sh scripts/build-web.sh
bin/labyard setup
PATH="$PWD/node_modules/.bin:$PATH"
export PATH
npm run --silent check
npm run --silent test:unit
# Machines under software emulation want the whole host: one file at a time.
exec node --test --test-concurrency=1 --test-timeout=900000 'test/integration/**/*.test.ts' 'test/e2e/**/*.test.ts'

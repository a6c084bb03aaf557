#!/bin/sh
# npm test: the same preparation as npm start, the tools that only tests need, then every test.
# Files that boot machines run one at a time, since emulated ones want the whole host; the others run beside them.
set -eu
cd "$(dirname -- "$0")/.."
. scripts/steps.sh
sh scripts/install.sh scripts/system-packages.txt scripts/test-packages.txt
sh scripts/build-web.sh
bin/labyard setup
PATH="$PWD/node_modules/.bin:$PATH"
NODE_COMPILE_CACHE="$PWD/node_modules/.cache/node"
export PATH NODE_COMPILE_CACHE
npm run --silent check
npm run --silent test:unit

# One of these that is missing here still runs, only beside another.
machines=
for name in vm ext4-kernel builder-vm root-filesystems guest-families guest-networks failures crash play-registry; do
  [ ! -f "test/integration/$name.test.ts" ] || machines="$machines test/integration/$name.test.ts"
done
others=$(printf '%s\n' test/integration/*.test.ts | grep -vxF "$(printf '%s\n' $machines)")
log=$(mktemp)
trap 'rm -f "$log"' EXIT
begin "Running the tests that boot machines; the others run beside them and are shown at the end"
timeout --kill-after=30 3000 node --import ./test/fixtures/open-handles.ts \
  --test --test-concurrency=1 --test-timeout=600000 $others >"$log" 2>&1 &
beside=$!
failed=0
timeout --foreground --kill-after=30 3000 node --import ./test/fixtures/open-handles.ts \
  --test --test-concurrency=1 --test-timeout=1200000 $machines test/e2e/*.test.ts || failed=1
wait "$beside" || failed=1
finish "all tests have run"
begin "Asking running machines for every field of a manifest"
timeout --foreground --kill-after=30 1200 node test/conformance/run.ts --no-write || failed=1
finish "every row has been asked"
# Last, so that the output ends with the runner's own summary.
cat "$log"
exit "$failed"

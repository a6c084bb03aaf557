#!/bin/sh
# The first process of a play's namespace: it collects orphans, which Node does not do, and passes TERM on once.
# When it ends the kernel ends everything else in the namespace.
set -u
# What nothing of a play has any business with, the installation's private keys: behind an empty, read-only directory.
if [ -d "${LABYARD_HIDDEN:-}" ]; then
  mount -t tmpfs -o ro,size=4k,mode=0700 labyard-hidden "$LABYARD_HIDDEN" || exit
fi
# In a session of its own, so that a signal to the launcher's group reaches it by one way only.
setsid "$@" &
program=$!
pass_on() {
  trap '' TERM
  kill -TERM "$program" 2>/dev/null
}
trap pass_on TERM
wait "$program"
code=$?
while kill -0 "$program" 2>/dev/null; do
  wait "$program"
  code=$?
done
exit "$code"

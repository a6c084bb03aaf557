#!/bin/sh
# Usage: enter-namespace.sh <pasta arguments> -- <program> [arguments]
#
# Runs a program in a user, network, process and mount namespace of its own and keeps pasta attached to it, which
# carries the namespace's traffic out. Both end with this process, however it ends; it exits with the program's code.
# TERM is passed on to the program once. All policy is in the arguments.
set -u
here=${0%/*}

# The arguments of pasta are flags and addresses: none has a blank.
egress=
while [ "$#" -gt 0 ] && [ "$1" != -- ]; do
  egress="$egress $1"
  shift
done
if [ "$#" -lt 2 ]; then
  echo "usage: enter-namespace.sh <pasta arguments> -- <program> [arguments]" >&2
  exit 64
fi
shift

setpriv --pdeathsig KILL \
  unshare --user --map-root-user --net --pid --fork --mount --mount-proc --kill-child=KILL -- \
  sh "$here/namespace-init.sh" "$@" &
child=$!
# shellcheck disable=SC2086 # split on purpose, see above
setpriv --pdeathsig KILL sh "$here/keep-egress.sh" "$child" $egress &
keeper=$!

# unshare itself holds TERM back; its only child is the first process of the namespace.
pass_on() {
  trap '' TERM
  # The file ends without a newline, which read reports as a failure.
  read -r first </proc/"$child"/task/"$child"/children || :
  # shellcheck disable=SC2086 # read has kept the blank behind the number
  [ -z "$first" ] || kill -TERM $first
}
trap pass_on TERM

# A trapped signal ends `wait` early, with the child still running.
wait "$child"
code=$?
while kill -0 "$child" 2>/dev/null; do
  wait "$child"
  code=$?
done
# pasta does not notice that its namespace has gone; it ends with its keeper.
kill -KILL "$keeper" 2>/dev/null
exit "$code"

#!/bin/sh
# Usage: keep-egress.sh <pid> <pasta arguments>
#
# Attaches pasta to the namespaces of a process and starts it again, later each time, while that process lives.
set -u
target=$1
shift
outside=$(readlink /proc/self/ns/net)

# Until the process has entered its namespaces pasta would meet those of the host, and no rights before the
# identity map is written.
while [ "$(readlink /proc/"$target"/ns/net)" = "$outside" ] || ! read -r _ </proc/"$target"/uid_map; do
  kill -0 "$target" 2>/dev/null || exit 0
  sleep 0.005
done

pause=0
while kill -0 "$target" 2>/dev/null; do
  started=$(date +%s)
  setpriv --pdeathsig KILL pasta "$@" "$target"
  code=$?
  # One that ran for a while failed for a reason of its own: begin again without delay.
  if [ $(($(date +%s) - started)) -ge 60 ]; then pause=0; fi
  kill -0 "$target" 2>/dev/null || exit 0
  echo "pasta ended with code $code; next start in $pause s" >&2
  sleep "$pause"
  pause=$((pause * 2 + 1))
  if [ "$pause" -gt 30 ]; then pause=30; fi
done

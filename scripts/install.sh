#!/bin/sh
# Makes the clone runnable: npm packages (Node 24 among them) and system packages. Idempotent; what is there is kept.
# Usage: install.sh LIST… – lists of Debian package names, one a line.
set -eu
cd "$(dirname -- "$0")/.."
. scripts/steps.sh

wanted=$(sha256sum package-lock.json package.json web/package.json | sha256sum | cut -c1-64)
if [ "$(cat node_modules/.labyard-lock 2>/dev/null || true)" != "$wanted" ]; then
  begin "Installing npm packages (Node 24 among them)"
  # No dependency needs an install script; engine warnings speak of npm's own Node, not of the one we run on. Not
  # "npm ci": it refuses a lockfile without the optional packages of other platforms, which not every registry serves.
  npm install --ignore-scripts --no-save --no-audit --no-fund --loglevel=error ||
    fail "npm could not install the packages; the lines above say why. Is the npm registry reachable?"
  printf '%s\n' "$wanted" >node_modules/.labyard-lock
  finish "npm packages are installed"
fi

missing=
for name in $(cat "$@"); do
  dpkg-query -W -f='${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed || missing="$missing $name"
done
if [ -n "$missing" ]; then
  command -v apt-get >/dev/null 2>&1 || fail "this host has no apt-get. Labyard sets itself up on Debian 12 or newer and Ubuntu 22.04 or newer; elsewhere install the equivalents of:$missing"
  begin "Installing system packages:$missing"
  guard=
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    # Some packages bring a daemon that would start at once and listen on the network. We want only their programs.
    guard=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$guard" >/dev/null
    as_root chmod 755 "$guard"
    trap 'as_root rm -f "$guard"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
  fi
  log=$(mktemp)
  as_root apt-get update -qq >"$log" 2>&1 || { tail -n 5 "$log" >&2; fail "apt-get update failed; the lines above say why."; }
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >"$log" 2>&1 ||
    { tail -n 15 "$log" >&2; fail "apt-get could not install$missing; the lines above say why."; }
  rm -f "$log"
  [ -z "$guard" ] || as_root rm -f "$guard"
  trap - EXIT
  for service in docker-registry ssh; do
    case " $missing " in
      *" docker-registry "* | *" openssh-server "*)
        if [ -d /run/systemd/system ]; then as_root systemctl disable --now "$service" >/dev/null 2>&1 || true; fi ;;
    esac
  done
  finish "system packages are installed"
fi

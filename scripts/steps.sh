# Shared by the set-up scripts: visible steps with elapsed time, and one clear sentence when something is missing.
# Sourced, never run. POSIX sh.

step_started=0

# begin "what happens now"
begin() {
  step_started=$(date +%s)
  printf '==> %s\n' "$1"
}

# finish "what is there now"
finish() {
  printf '    %s (%s s)\n' "$1" "$(($(date +%s) - step_started))"
}

# fail "one sentence: what is missing and what to do"
fail() {
  printf '\nlabyard: %s\n' "$1" >&2
  exit 1
}

# Runs a command with the right to change the system: as root directly, else through sudo.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    sudo "$@"
  else
    fail "system packages are missing and this user may not install them. Run once as root: apt-get install -y --no-install-recommends $missing"
  fi
}

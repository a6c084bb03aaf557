#!/bin/sh
# Runs one init task inside the machine and keeps its result where a lost connection cannot lose it.
#
#   task-supervisor.sh start  DIR NONCE SIZE TIMEOUT_S USER LAB_USER HELPERS    the script comes on stdin
#   task-supervisor.sh attach DIR NONCE STDOUT_KNOWN STDERR_KNOWN               after the connection was lost
#
# The connection's end is the end of stdin: whoever watches keeps it open.
#
# DIR belongs to one attempt. Both outputs are framed by lines that start with the byte 036 and the nonce: what comes
# before "start" is noise of login shells; "end CODE [WORD]" says how the task ended. After "end" only background
# children of the task speak.
#
# Starting the same attempt twice runs it once. POSIX sh only: images may have neither bash nor GNU tools.

action=$1 dir=$2 nonce=$3
output_limit=262144
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/games:/usr/local/games:/snap/bin:/usr/local/go/bin
export PATH

mark() { printf '\036%s %s\n' "$nonce" "$1"; }
mark_both() { mark "$1"; mark "$1" >&2; }
boot_id() { cat /proc/sys/kernel/random/boot_id; }
nap() { sleep 0.2 2>/dev/null || sleep 1; }

start() {
  size=$4
  umask 077
  mkdir -p "${dir%/*}" && chmod 711 "${dir%/*}" || exit 1
  head -c "$size" >"$dir.script" || exit 1
  if [ "$(wc -c <"$dir.script")" -ne "$size" ]; then
    # The connection broke while the script was sent: nothing has begun.
    rm -f "$dir.script"
    exit 1
  fi
  # mkdir is the one atomic step that decides who runs this attempt.
  if ! mkdir -m 711 "$dir" 2>/dev/null; then
    rm -f "$dir.script"
    stdout_known=0 stderr_known=0
    attach
    return
  fi
  mv "$dir.script" "$dir/script" && boot_id >"$dir/boot" && mkfifo "$dir/stdout" "$dir/stderr" || exit 1
  for old in "${dir%/*}"/*; do
    [ "$old" = "$dir" ] || rm -rf "$old"
  done
  mark_both start
  # Sessions of their own: nothing that happens to the connection's processes reaches them.
  setsid /bin/sh "$0" relay "$dir" "$nonce" stdout <"$dir/stdout" 2>/dev/null &
  setsid /bin/sh "$0" relay "$dir" "$nonce" stderr <"$dir/stderr" >&2 2>/dev/null &
  shift 4
  setsid /bin/sh "$0" supervise "$dir" "$nonce" "$@" </dev/null >"$dir/stdout" 2>"$dir/stderr" &
  supervisor=$!
  echo "$supervisor" >"$dir/pid"
  exec 3<&0
  { cat <&3 >/dev/null; unplug; } >/dev/null 2>&1 &
  wait "$supervisor"
}

# Between the task and the connection. The task must neither die of a lost connection (SIGPIPE) nor wait for it; what
# it prints meanwhile is kept up to a limit. Lives as long as anything holds the task's outputs.
relay() {
  exec 3<&0
  cat <&3 &
  echo "$!" >"$dir/$4.cat"
  wait "$!" || [ -e "$dir/exit" ] || head -c "$output_limit" <&3 >"$dir/$4.rest"
  exec cat <&3 >/dev/null
}

# The connection has ended: the relays shall not lose the next words by finding out themselves. After the task, stdin
# also ends because sshd has seen the exit, and then the last words may still be on their way through the relays.
unplug() {
  [ -e "$dir/exit" ] || kill "$(cat "$dir/stdout.cat")" "$(cat "$dir/stderr.cat")"
}

supervise() {
  timeout_s=$4 user=$5 lab_user=$6 helpers=$7
  run
  printf '%s\n' "$result" >"$dir/exit.new" && mv "$dir/exit.new" "$dir/exit"
  mark_both "end $result"
}

run() {
  account=$(getent passwd "$user" 2>/dev/null) || account=$(
    while IFS= read -r line; do
      case $line in "$user":*) printf '%s' "$line" && break ;; esac
    done </etc/passwd
  )
  IFS=: read -r name _ uid gid _ home shell <<EOF
$account
EOF
  if [ "$name" != "$user" ] || [ -z "$uid" ]; then
    printf 'labyard: user "%s" does not exist on this machine\n' "$user" >&2
    result='217 no-user'
    return
  fi
  self=$(id -u)
  if [ "$self" != 0 ] && [ "$self" != "$uid" ]; then
    printf 'labyard: only root can run a task as "%s"\n' "$user" >&2
    result='217 no-user'
    return
  fi
  chmod 500 "$dir/script"
  [ "$self" = "$uid" ] || chown "$uid:$gid" "$dir/script"
  if command -v bash >/dev/null 2>&1; then
    # The script's own file is what runs, so $0 and line numbers are the author's. BASH_ENV brings the helper
    # functions in and takes itself back.
    set -- "BASH_ENV=$helpers" /bin/sh "$dir/launch" bash "$dir/script"
  else
    echo 'labyard: this image has no bash, the task runs in /bin/sh' >&2
    set -- /bin/sh "$dir/launch" /bin/sh -c '. "$1"; shift; . "$0"' "$dir/script" "$helpers"
  fi
  # The process that becomes the interpreter tells its id: su may start a session of its own.
  cat >"$dir/launch" <<'EOF'
echo "$$" >&9
exec 9>&-
cd "$HOME" 2>/dev/null || cd /
umask 022
exec "$@"
EOF
  chmod 644 "$dir/launch"
  set -- env -i "HOME=$home" "USER=$user" "LOGNAME=$user" "SHELL=${shell:-/bin/sh}" "PATH=$PATH" \
    "LAB_USER=$lab_user" LANG=C.UTF-8 "$@"
  if [ "$self" != "$uid" ]; then
    if setpriv --reuid "$uid" --regid "$gid" --init-groups true 2>/dev/null; then
      set -- setpriv --reuid "$uid" --regid "$gid" --init-groups "$@"
    else
      set -- su -s /bin/sh -c 'exec "$0" "$@"' -- "$user" "$@"
    fi
  fi
  setsid "$@" 9>"$dir/leader" &
  main=$!
  setsid /bin/sh "$0" watch "$dir" "$nonce" "$timeout_s" "$main" >/dev/null 2>&1 &
  watcher=$!
  # Silently: shells say "Terminated" about their children, and this one's stderr is the task's.
  wait "$main" 2>/dev/null
  code=$?
  if [ -e "$dir/timed-out" ]; then
    result='124 timeout'
  else
    result=$code
    # By both names: a watcher that has hardly begun has no group yet.
    kill -KILL "-$watcher" "$watcher" 2>/dev/null
  fi
  wait "$watcher" 2>/dev/null
}

# Ends the task's process groups when its time is over: TERM, five seconds, KILL.
watch() {
  sleep "$4"
  : >"$dir/timed-out"
  groups=$5
  leader=$(cat "$dir/leader" 2>/dev/null)
  [ "${leader:-$5}" = "$5" ] || groups="$groups $leader"
  tell TERM
  tries=0
  while tell 0 && [ "$tries" -lt 25 ]; do
    tries=$((tries + 1))
    nap
  done
  tell KILL
}

# Signals each of $groups; succeeds while any of them exists.
tell() {
  told=1
  for group in $groups; do
    kill "-$1" "-$group" 2>/dev/null && told=0
  done
  return "$told"
}

attach() {
  mark_both start
  if [ ! -d "$dir" ] || [ "$(cat "$dir/boot")" != "$(boot_id)" ]; then
    mark_both 'end - rebooted'
    return
  fi
  absences=0
  until [ -e "$dir/exit" ]; do
    forward
    if kill -0 "$(cat "$dir/pid" 2>/dev/null)" 2>/dev/null; then
      absences=0
    else
      # A moment of grace: the first connection may not have written the id yet, or the result is about to appear.
      absences=$((absences + 1))
      [ "$absences" -lt 15 ] || break
    fi
    nap
  done
  nap
  forward
  mark_both "end $(cat "$dir/exit" 2>/dev/null || echo '- vanished')"
}

# Sends on what the relays have kept since the last time.
forward() {
  if [ -e "$dir/stdout.rest" ]; then
    size=$(wc -c <"$dir/stdout.rest")
    tail -c "+$((stdout_known + 1))" "$dir/stdout.rest" | head -c "$((size - stdout_known))"
    stdout_known=$size
  fi
  if [ -e "$dir/stderr.rest" ]; then
    size=$(wc -c <"$dir/stderr.rest")
    tail -c "+$((stderr_known + 1))" "$dir/stderr.rest" | head -c "$((size - stderr_known))" >&2
    stderr_known=$size
  fi
}

[ "$action" != attach ] || stdout_known=$4 stderr_known=$5
"$action" "$@"

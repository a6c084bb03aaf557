# Functions that init tasks may use, sourced before the script (by bash through BASH_ENV, else by sh).
# Not for the programs a task starts:
unset BASH_ENV

# Each container tool gets the same family of functions:
#   TOOL_container_name ID           TOOL_container_image NAME        TOOL_container_count_total
#   TOOL_container_pid NAME          TOOL_container_is_running NAME   TOOL_container_count_running
#   TOOL_container_ip NAME           TOOL_container_exit_code NAME
# They print one value and fail, printing nothing, when there is no such container.

labyard_inspect() {
  "$1" container inspect --format "$3" "$2" 2>/dev/null
}

labyard_count() {
  labyard_ids=$("$@" 2>/dev/null) || return
  printf '%s\n' "$labyard_ids" | grep -c .
  unset labyard_ids
  return 0
}

labyard_ip_format='{{range .NetworkSettings.Networks}}{{if .IPAddress}}{{.IPAddress}} {{end}}{{end}}'

labyard_first_word() {
  # shellcheck disable=SC2086 # splitting is what is wanted
  set -- $1
  [ "$#" -gt 0 ] && printf '%s\n' "$1"
}

docker_container_name() { labyard_name=$(labyard_inspect docker "$1" '{{.Name}}') && printf '%s\n' "${labyard_name#/}"; }
docker_container_pid() { labyard_inspect docker "$1" '{{.State.Pid}}'; }
docker_container_ip() { labyard_first_word "$(labyard_inspect docker "$1" "$labyard_ip_format")"; }
docker_container_image() { labyard_inspect docker "$1" '{{.Config.Image}}'; }
docker_container_is_running() { [ "$(labyard_inspect docker "$1" '{{.State.Running}}')" = true ]; }
docker_container_exit_code() { labyard_inspect docker "$1" '{{.State.ExitCode}}'; }
docker_container_count_total() { labyard_count docker ps -aq; }
docker_container_count_running() { labyard_count docker ps -q; }

podman_container_name() { labyard_name=$(labyard_inspect podman "$1" '{{.Name}}') && printf '%s\n' "${labyard_name#/}"; }
podman_container_pid() { labyard_inspect podman "$1" '{{.State.Pid}}'; }
podman_container_ip() {
  labyard_first_word "$(labyard_inspect podman "$1" "{{.NetworkSettings.IPAddress}} $labyard_ip_format")"
}
podman_container_image() { labyard_inspect podman "$1" '{{.ImageName}}'; }
podman_container_is_running() { [ "$(labyard_inspect podman "$1" '{{.State.Running}}')" = true ]; }
podman_container_exit_code() { labyard_inspect podman "$1" '{{.State.ExitCode}}'; }
podman_container_count_total() { labyard_count podman ps -aq; }
podman_container_count_running() { labyard_count podman ps -q; }

nerdctl_container_name() { labyard_name=$(labyard_inspect nerdctl "$1" '{{.Name}}') && printf '%s\n' "${labyard_name#/}"; }
nerdctl_container_pid() { labyard_inspect nerdctl "$1" '{{.State.Pid}}'; }
nerdctl_container_ip() { labyard_first_word "$(labyard_inspect nerdctl "$1" "$labyard_ip_format")"; }
nerdctl_container_image() { labyard_inspect nerdctl "$1" '{{.Image}}'; }
nerdctl_container_is_running() { [ "$(labyard_inspect nerdctl "$1" '{{.State.Running}}')" = true ]; }
nerdctl_container_exit_code() { labyard_inspect nerdctl "$1" '{{.State.ExitCode}}'; }
nerdctl_container_count_total() { labyard_count nerdctl ps -aq; }
nerdctl_container_count_running() { labyard_count nerdctl ps -q; }

# ctr separates containers from their tasks (processes); a container without a task does not run.
labyard_ctr_task() { ctr task ls 2>/dev/null | awk -v id="$1" -v field="$2" 'NR > 1 && $1 == id { print $field; found = 1 } END { exit !found }'; }
ctr_container_name() { ctr container ls -q 2>/dev/null | awk -v id="$1" '$0 == id { print; found = 1 } END { exit !found }'; }
ctr_container_pid() { labyard_ctr_task "$1" 2; }
ctr_container_ip() {
  labyard_pid=$(ctr_container_pid "$1") || return
  labyard_first_word "$(nsenter -t "$labyard_pid" -n ip -4 -o addr show scope global 2>/dev/null | awk '{ sub("/.*", "", $4); print $4 }')"
}
ctr_container_image() { ctr container ls 2>/dev/null | awk -v id="$1" 'NR > 1 && $1 == id { print $2; found = 1 } END { exit !found }'; }
ctr_container_is_running() { [ "$(labyard_ctr_task "$1" 3)" = RUNNING ]; }
ctr_container_exit_code() {
  echo 'ctr_container_exit_code: containerd tells an exit code only to who deletes the task' >&2
  return 1
}
ctr_container_count_total() { labyard_count ctr container ls -q; }
ctr_container_count_running() { ctr task ls 2>/dev/null | awk '$3 == "RUNNING" { n++ } END { print n + 0 }'; }

# What the image itself offers to task scripts.
for labyard_file in /opt/iximiuz-labs/examiner/checks.d/*.sh; do
  # shellcheck disable=SC1090
  [ -r "$labyard_file" ] && . "$labyard_file"
done
unset labyard_file
true

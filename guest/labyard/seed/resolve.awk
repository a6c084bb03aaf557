# Splits the seed's table into one file per kind of row and looks up the accounts of the image that rows name.
#
#   awk -v work=DIR -f resolve.awk source=passwd /etc/passwd source=group /etc/group source=shadow /etc/shadow \
#       source=table table
#
# Rows keep their fields, without the kind; "user" gains uid, gid, shell and home, an owner becomes uid:gid. "locked" gets the
# users whose password is locked, "sshd" a free uid for the user sshd, or "-" where there is one. A name the image does
# not know ends this with status 1 and the reason in DIR/problem.

function stop(what) {
  stopped = 1
  print what >(work "/problem")
  exit 1
}

# The first entry of a name wins, as it does for the C library.
function read_passwd(    f) {
  split($0, f, ":")
  if (!(f[1] in uid)) {
    uid[f[1]] = f[3]; gid[f[1]] = f[4]; home[f[1]] = f[6]; shell[f[1]] = (f[7] == "") ? "/bin/sh" : f[7]
    if (count++ < 40) names = names " " f[1]
  }
  if (!(f[3] in primary)) primary[f[3]] = f[4]
}

# OWNER as written: user, user:group, uid or uid:gid.
function resolved_owner(owner, path,    parts, o, u, g) {
  parts = split(owner, o, ":")
  if (o[1] ~ /^[0-9]+$/) {
    u = o[1]
    g = (u in primary) ? primary[u] : 0
  } else if (o[1] in uid) {
    u = uid[o[1]]
    g = gid[o[1]]
  } else stop("the owner \"" o[1] "\" of " path " does not exist in the image (it has:" names ")")
  if (parts > 1) {
    if (o[2] ~ /^[0-9]+$/) g = o[2]
    else if (o[2] in group) g = group[o[2]]
    else stop("the group \"" o[2] "\" of " path " does not exist in the image")
  }
  return u ":" g
}

BEGIN {
  FS = "\t"
  locked_users = ""
  for (n = split("drive modules user file authority authority-file block startup", kinds, " "); n > 0; n--)
    printf "" >(work "/" kinds[n])
}

source == "passwd" { read_passwd(); next }
source == "group" { split($0, f, ":"); if (!(f[1] in group)) group[f[1]] = f[3]; next }
source == "shadow" { split($0, f, ":"); locked[f[1]] = (f[2] ~ /^!/); next }

$1 == "user" {
  if (!($2 in uid)) stop("the user \"" $2 "\" does not exist in the image (it has:" names ")")
  print $2 "\t" uid[$2] "\t" gid[$2] "\t" $3 "\t" shell[$2] "\t" home[$2] >(work "/user")
  if (locked[$2]) locked_users = locked_users ((locked_users == "") ? "" : " ") $2
  next
}
$1 == "startup" {
  owner = ($6 == "-") ? "-" : resolved_owner($6, $7)
  print $2 "\t" $3 "\t" $4 "\t" $5 "\t" owner "\t" $7 >(work "/startup")
  next
}
{
  kind = $1
  row = $0
  sub(/^[^\t]*\t/, "", row)
  print row >(work "/" kind)
}

END {
  if (stopped) exit
  print locked_users >(work "/locked")
  free = 74
  while (free in primary) free++
  print (("sshd" in uid) ? "-" : free) >(work "/sshd")
}

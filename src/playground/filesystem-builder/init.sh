#!/bin/busybox sh
# The first and only program of the machine that copies one file system into another: the first drive is filled with
# what the second holds, the third has the kernel's modules. Each line it says begins with "labyard-copy: ", then first
# "begins", "used <KiB>" while it works, and in the end "done" or "failed: <why>".
#
# /labyard/copy has one line: type of the target, type of the source, yes or no for keeping the source's lost+found.

PATH=/bin:/sbin

# Before anything else: until this has been said, the host may end this machine and start another.
echo "labyard-copy: begins"

finish() {
  echo "labyard-copy: $*"
  sync
  poweroff -f
  exit 1
}

fail() {
  finish "failed: $*"
}

/bin/busybox mkdir -p /proc /sys /dev /sbin /tmp /from /to
/bin/busybox mount -t proc proc /proc
/bin/busybox --install -s /bin
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev || fail "cannot mount /dev"
while read -r module; do
  insmod "$module" 2>/tmp/error || echo "cannot load $module: $(cat /tmp/error)"
done </labyard/modules
read -r target_type source_type keep_lost_and_found </labyard/copy
waits=0
until [ -b /dev/vdc ]; do
  waits=$((waits + 1))
  [ $waits -le 600 ] || fail "the drives did not appear within 30 s"
  usleep 50000
done

read -r release </proc/sys/kernel/osrelease
mkdir -p "/lib/modules/$release"
mount -t ext4 -o ro /dev/vdc "/lib/modules/$release" || fail "cannot mount the kernel's modules"
for type in "$target_type" "$source_type"; do
  # Those the kernel has already are no modules, so only mounting tells.
  modprobe "$type" 2>/tmp/error
done
mount -t "$source_type" -o ro,noatime /dev/vdb /from 2>/tmp/error || fail "cannot mount the source as $source_type: $(cat /tmp/error)"
mount -t "$target_type" -o rw,noatime /dev/vda /to 2>/tmp/error || fail "cannot mount the target as $target_type: $(cat /tmp/error)"

while sleep 2; do
  # Two lines: titles, then device, size, used.
  df -k /to | { read -r _ && read -r _ _ used _ && echo "labyard-copy: used $used"; }
done &

# Not -a: that keeps quiet about attributes it could not copy.
/copy/cp -dR --preserve=mode,ownership,timestamps,links,xattr /from/. /to/ 2>/tmp/error || {
  read -r line </tmp/error
  fail "$line"
}
if [ "$keep_lost_and_found" = no ]; then
  case $target_type in ext?) ;; *) rmdir /to/lost+found && /copy/touch -r /from /to ;; esac
fi
kill $!
umount /to 2>/tmp/error || fail "cannot unmount the target: $(cat /tmp/error)"
finish "done"

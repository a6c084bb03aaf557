# Runs when all packages are installed, with the new root as $1. The files under files/ come on top afterwards, as a
# second layer.
set -eu
root=$1

# Accounts. The passwords are public ("root" and "laborant"): sshd takes keys only. Fixed salts keep the image the same.
chroot "$root" useradd --uid 1001 --user-group --create-home --shell /bin/bash laborant
chroot "$root" usermod --shell /bin/bash root
chroot "$root" usermod --password '$6$labyard$jYvuvRAe88QnCfr4LDl2qbxC8A3mHQj1QC0Yv/6AUenxgq/WaBuWEWVk8LJUY1ZrTdjd7/X2zJyu4eOWViXpQ.' root
chroot "$root" usermod --password '$6$labyard$sg0lAgpHYdu3p2wcL.Kjhi0dTmoOA8uF8jB/Exx/u146vxPzc6T0n.m8/0QF1XLP54pwtN6xRimdtonEFLdsA0' laborant
echo 'laborant ALL=(ALL:ALL) NOPASSWD:ALL' >"$root/etc/sudoers.d/laborant"
chmod 0440 "$root/etc/sudoers.d/laborant"

# The text a playground greets with: once, on the first interactive shell.
for home in /root /home/laborant; do
  cat >>"$root$home/.bashrc" <<'SNIPPET'

# The welcome of the playground: shown once, then gone.
if [[ $- == *i* && -f ~/.welcome ]]; then
  if [[ -x ~/.welcome ]]; then ~/.welcome; else cat ~/.welcome; fi
  rm -f ~/.welcome
fi
SNIPPET
  ln -s / "$root$home/.rootfs"
done
chroot "$root" chown -h laborant:laborant /home/laborant/.bashrc /home/laborant/.rootfs

mkdir -p "$root/opt/iximiuz-labs"

# Boot
chroot "$root" systemctl set-default multi-user.target
chroot "$root" systemctl enable ssh.service
chroot "$root" systemctl disable ssh.socket 2>/dev/null || true
for unit in @MASKED_UNITS@; do ln -sf /dev/null "$root/etc/systemd/system/$unit"; done
# The kernel's names stay: manifests and learners say eth0.
mkdir -p "$root/etc/systemd/network"
ln -sf /dev/null "$root/etc/systemd/network/99-default.link"
# Newer than /usr: nothing has to be rebuilt at the first boot.
touch "$root/etc/.updated" "$root/var/.updated"
chmod -x "$root"/etc/update-motd.d/* 2>/dev/null || true

# Identity: every machine gets its own.
rm -f "$root"/etc/ssh/ssh_host_*

# What was left out of this image by dpkg's path-exclude must not be left out of packages that learners install.
rm -f "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap" "$root/etc/apt/apt.conf.d/99mmdebstrap"
rm -f "$root"/var/log/*.log "$root"/var/log/apt/* "$root/var/cache/ldconfig/aux-cache"
rm -f "$root/etc/passwd-" "$root/etc/group-" "$root/etc/shadow-" "$root/etc/gshadow-" "$root/etc/subuid-" "$root/etc/subgid-"

import { masked, program, rows, speaking, systemd, units } from "../../../test/fixtures/bootable-image.ts";
import { directory, symlink } from "../../../test/fixtures/memory-tree.ts";

rows("sshd: the service on port 22", [
  {
    base: systemd,
    bad: { "etc/systemd/system/multi-user.target.wants/ssh.service": undefined },
    finding: "warning boot/sshd-not-enabled",
    says: /nothing starts/,
    good: {
      "etc/systemd/system/multi-user.target.wants/ssh.service": undefined,
      "etc/systemd/system/sockets.target.wants/ssh.socket": symlink(`/${units}/ssh.socket`),
    },
  },
  {
    base: systemd,
    bad: { "etc/systemd/system/ssh.service": masked },
    finding: "warning boot/sshd-not-enabled",
    says: /is masked/,
  },
  {
    bad: { "etc/ssh/sshd_config": "PasswordAuthentication\n" },
    finding: "warning boot/sshd-config",
    says: /passwordauthentication/,
    good: {
      "etc/ssh/sshd_config": "# Port\nPort 22\nHostKey /etc/ssh/ssh_host_rsa_key\nSubsystem sftp internal-sftp\n",
    },
  },
  {
    bad: { "etc/ssh/sshd_config": "HostKey /etc/keys/mine\n" },
    finding: "warning boot/sshd-config",
    says: /\/etc\/keys\/mine/,
    good: { "etc/ssh/sshd_config": "HostKey /etc/keys/mine\n", "etc/keys/mine": "x" },
  },
  {
    bad: {
      "etc/ssh/sshd_config": "Include sshd_config.d/*.conf\n",
      "etc/ssh/sshd_config.d/10.conf": "AllowUsers bob\n",
    },
    finding: "info boot/sshd-restricted",
    path: "/etc/ssh/sshd_config.d/10.conf",
    good: { "etc/ssh/sshd_config": "PermitRootLogin prohibit-password\nMatch Group x\n  AllowUsers bob\n" },
  },
  {
    bad: { "etc/ssh/sshd_config": undefined },
    finding: "warning boot/sshd-config",
    says: /does not exist/,
    good: { "etc/ssh/sshd_config": undefined, "usr/etc/ssh/sshd_config": "UsePAM yes\n" },
  },
  {
    base: systemd,
    bad: { "etc/ssh/sshd_config": "HostKey /etc/ssh/ssh_host_rsa_key\n" },
    finding: "warning boot/sshd-config",
    path: "/etc/ssh/ssh_host_rsa_key",
    says: /nothing makes them/,
    good: {
      "etc/ssh/sshd_config": "HostKey /etc/ssh/ssh_host_rsa_key\nHostKey /etc/ssh/ssh_host_ed25519_key\n",
    },
  },
  {
    base: { ...systemd, [`${units}/sshd-keygen@.service`]: "[Unit]\n" },
    bad: {
      "etc/ssh/sshd_config": "HostKey /etc/ssh/ssh_host_rsa_key\n",
      "etc/systemd/system/sshd-keygen@.service": masked,
    },
    finding: "warning boot/sshd-config",
    says: /nothing makes them/,
    good: { "etc/ssh/sshd_config": "HostKey /etc/ssh/ssh_host_rsa_key\n" },
  },
  ...["PubkeyAuthentication no", "AuthorizedKeysFile /etc/keys/%u", "Port 2222"].map(line => ({
    bad: { "etc/ssh/sshd_config": `${line}\n` },
    finding: "info boot/sshd-restricted",
    says: new RegExp(line, "i"),
    good: { "etc/ssh/sshd_config": "Port 2222\nPort 22\nAuthorizedKeysFile .ssh/authorized_keys .ssh/more\n" },
  })),
]);

const session = "/usr/libexec/openssh/sshd-session";
rows("sshd: what it looks at before it serves anybody", [
  {
    bad: { "usr/sbin/sshd": speaking(["/var/empty"]) },
    finding: "warning boot/no-sshd",
    says: /needs the directory \/var\/empty, which does not exist; the platform lends one/,
    good: { "usr/sbin/sshd": speaking(["/var/empty"]), "var/empty": directory({}, { mode: 0o555 }) },
  },
  {
    bad: { "usr/sbin/sshd": speaking(["/var/empty"]), "var/empty": directory({}, { uid: 1000 }) },
    finding: "warning boot/no-sshd",
    says: /belongs to others/,
    good: { "usr/sbin/sshd": speaking(["/run/sshd", "/var/empty/of/others"]) },
  },
  {
    bad: { "usr/sbin/sshd": speaking([session]) },
    finding: "warning boot/no-sshd",
    says: /cannot do without \/usr\/libexec\/openssh\/sshd-session, which does not exist/,
    good: { "usr/sbin/sshd": speaking([session]), [session.slice(1)]: program() },
  },
  {
    bad: { "usr/sbin/sshd": speaking([session]), [session.slice(1)]: program({}, 0o644) },
    finding: "warning boot/no-sshd",
    says: /is not executable/,
  },
]);

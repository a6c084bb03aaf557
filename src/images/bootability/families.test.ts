import assert from "node:assert/strict";
import { test } from "node:test";
import {
  alpine,
  dynamic,
  type Files,
  findings,
  interpreter,
  memory,
  program,
  speaking,
  systemd,
  units,
} from "../../../test/fixtures/bootable-image.ts";
import { directory, symlink } from "../../../test/fixtures/memory-tree.ts";

// How distributions lay out what the checks look at, each with the usual packages for a machine and nothing wrong.
const asking = { interpreter: "/lib64/ld.so", needed: ["libpam.so.0"] };
const suid = (file: ReturnType<typeof program>) => ({ ...file, mode: 0o4755 });
const modules = (folder: string, ...names: string[]): Files =>
  Object.fromEntries(names.map(name => [`${folder}/security/${name}.so`, program()]));

const debian: Files = {
  ...systemd,
  ...interpreter,
  "etc/os-release": "ID=debian\nVERSION_ID=12\n",
  "lib/x86_64-linux-gnu/libc.so.6": program(),
  "lib/x86_64-linux-gnu/libpam.so.0": program(),
  "usr/sbin/sshd": speaking(["/run/sshd"], asking),
  "etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\nKbdInteractiveAuthentication no\nUsePAM yes\n",
  "bin/login": dynamic(asking.needed),
  "bin/su": suid(dynamic(asking.needed)),
  "usr/libexec/sudo/sudoers.so": dynamic(asking.needed),
  "etc/pam.d/sshd":
    "@include common-auth\naccount required pam_nologin.so\nsession [success=ok ignore=ignore module_unknown=ignore default=bad] pam_selinux.so close\nsession optional pam_motd.so motd=/run/motd.dynamic\n",
  "etc/pam.d/login":
    "auth optional pam_faildelay.so delay=3000000\n@include common-auth\nsession optional pam_lastlog.so\n",
  "etc/pam.d/su": "auth sufficient pam_rootok.so\n@include common-auth\n",
  "etc/pam.d/sudo": "@include common-auth\n",
  "etc/pam.d/common-auth": "auth [success=1 default=ignore] pam_unix.so nullok\nauth requisite pam_deny.so\n",
  ...modules("lib/x86_64-linux-gnu", "pam_unix", "pam_deny", "pam_nologin", "pam_rootok"),
  "etc/nsswitch.conf": "passwd:         files systemd\ngroup:          files systemd\nhosts:          files dns\n",
  "etc/localtime": symlink("/usr/share/zoneinfo/Etc/UTC"),
  "etc/timezone": "Etc/UTC\n",
  "etc/environment": "",
};

const images: Record<string, { files: Files; remarks?: string[] }> = {
  debian: { files: debian },
  "ubuntu, with the older library of 20.04": {
    files: {
      ...debian,
      "etc/os-release": "ID=ubuntu\nID_LIKE=debian\n",
      "lib/x86_64-linux-gnu/libc-2.31.so": program(),
      "lib/x86_64-linux-gnu/libc.so.6": symlink("libc-2.31.so"),
      "lib/x86_64-linux-gnu/libnss_files.so.2": program(),
      "lib/x86_64-linux-gnu/libnss_dns.so.2": program(),
      "etc/default/locale": "LANG=C.UTF-8\n",
      "usr/bin/unminimize": program(),
      "etc/dpkg/dpkg.cfg.d/excludes": "path-exclude=/usr/share/man/*\n",
    },
    remarks: ["boot/trimmed"],
  },
  fedora: {
    files: {
      ...systemd,
      ...interpreter,
      "etc/os-release": "ID=fedora\n",
      "lib64/libc.so.6": program(),
      "lib64/libpam.so.0": program(),
      "usr/sbin/sshd": speaking(["/usr/libexec/openssh/sshd-session", "/usr/share/empty.sshd"]),
      "usr/libexec/openssh/sshd-session": speaking(["/usr/share/empty.sshd"], asking),
      "usr/share/empty.sshd": directory({}, { mode: 0o711 }),
      "etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\nAuthorizedKeysFile\t.ssh/authorized_keys\n",
      "etc/ssh/sshd_config.d/50-redhat.conf": "SyslogFacility AUTHPRIV\nUsePAM yes\n",
      "etc/pam.d/sshd": "auth substack password-auth\nauth include postlogin\nsession required pam_loginuid.so\n",
      "etc/pam.d/password-auth": "auth required pam_deny.so\n-session optional pam_systemd.so\n",
      "etc/pam.d/postlogin": symlink("/etc/authselect/postlogin"),
      "etc/authselect/postlogin": "session optional pam_umask.so silent\n",
      ...modules("lib64", "pam_deny", "pam_loginuid"),
      "etc/nsswitch.conf":
        "passwd: files systemd\ngroup: files [SUCCESS=merge] systemd\nhosts: files myhostname resolve [!UNAVAIL=return] dns\n",
      "etc/locale.conf": 'LANG="C.UTF-8"\n',
      "etc/localtime": symlink("../usr/share/zoneinfo/UTC"),
      [`${units}/dbus.service`]: undefined,
      [`${units}/dbus-broker.service`]: "[Unit]\n",
      "usr/bin/dbus-daemon": undefined,
      "usr/bin/dbus-broker": program(),
      "etc/dnf/dnf.conf": "[main]\ntsflags=nodocs\n",
    },
    remarks: ["boot/trimmed"],
  },
  arch: {
    files: {
      ...systemd,
      ...interpreter,
      "etc/os-release": "ID=arch\n",
      "lib64/libpam.so.0": program(),
      "usr/sbin/sshd": symlink("../bin/sshd"),
      "usr/bin/sshd": speaking(["/usr/lib/ssh/sshd-session", "/usr/lib/ssh/sshd-auth", "/usr/share/empty.sshd"]),
      "usr/lib/ssh/sshd-session": speaking([], asking),
      "usr/lib/ssh/sshd-auth": program(),
      "usr/share/empty.sshd": directory({}),
      "etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\n",
      "etc/ssh/sshd_config.d/99-archlinux.conf": "KbdInteractiveAuthentication no\nUsePAM yes\nPrintMotd no\n",
      "etc/pam.d/sshd": "auth include system-remote-login\n",
      "etc/pam.d/system-remote-login":
        "auth required pam_env.so\n-auth [success=2 default=ignore] pam_systemd_home.so\n",
      ...modules("usr/lib", "pam_env"),
      "etc/nsswitch.conf": "passwd: files systemd\nhosts: mymachines resolve [!UNAVAIL=return] files myhostname dns\n",
      "etc/pacman.conf": "[options]\nNoExtract  = usr/share/help/* !usr/share/help/en*\n",
    },
    remarks: ["boot/trimmed"],
  },
  opensuse: {
    files: {
      ...systemd,
      ...interpreter,
      "etc/os-release": 'ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\n',
      "lib64/libpam.so.0": program(),
      "lib64/libnss_compat.so.2": program(),
      "usr/sbin/sshd": speaking(["/var/lib/empty"], asking),
      "var/lib/empty": directory({}, { mode: 0o555 }),
      "etc/ssh/sshd_config": undefined,
      "usr/etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n",
      "usr/lib/pam.d/sshd": "auth requisite pam_nologin.so\nauth include common-auth\n",
      "etc/pam.d/common-auth": symlink("common-auth-pc"),
      "etc/pam.d/common-auth-pc": "auth required pam_unix.so try_first_pass\n",
      ...modules("usr/lib64", "pam_nologin", "pam_unix"),
      "etc/nsswitch.conf": "passwd: compat systemd\ngroup: compat systemd\nhosts: files dns\n",
      "etc/zypp/zypp.conf": "# rpm.install.excludedocs = no\n",
    },
  },
  alpine: {
    files: {
      ...alpine,
      "bin/busybox": program({ interpreter: "/lib/ld-musl-x86_64.so.1", needed: ["libc.musl-x86_64.so.1"] }),
      "bin/sh": symlink("/bin/busybox"),
      "lib/ld-musl-x86_64.so.1": program(),
      "usr/sbin/sshd": speaking(["/usr/lib/ssh/sshd-session", "/var/empty"], {
        interpreter: "/lib/ld-musl-x86_64.so.1",
        needed: ["libc.musl-x86_64.so.1"],
      }),
      "usr/lib/ssh/sshd-session": program(),
      "var/empty": directory({}, { mode: 0o555 }),
      "etc/ssh/sshd_config": "AuthorizedKeysFile\t.ssh/authorized_keys\nAllowTcpForwarding no\n",
      "bin/login": symlink("/bin/busybox"),
      "etc/nsswitch.conf": "hosts: files dns\n",
      "etc/securetty": memory.file("console\ntty1\nttyS0\n"),
    },
  },
};

for (const [name, { files, remarks = [] }] of Object.entries(images)) {
  test(`nothing is wrong with ${name}`, () => {
    const found = findings(files);
    assert.deepEqual(
      found.map(({ severity, code }) => `${severity} ${code}`),
      remarks.map(code => `info ${code}`),
      JSON.stringify(found, undefined, 1),
    );
  });
}

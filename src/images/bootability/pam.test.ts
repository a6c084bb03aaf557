import { dynamic, pam, plain, program, rows } from "../../../test/fixtures/bootable-image.ts";

const unix = { "lib64/security/pam_unix.so": program() };
rows("PAM: what sshd asks for", [
  {
    bad: pam,
    finding: "warning boot/pam",
    path: "/etc/pam.d/sshd",
    good: { ...pam, "etc/ssh/sshd_config": "UsePAM no\n" },
  },
  {
    bad: {
      ...pam,
      "etc/pam.d/sshd": "@include common-auth\n",
      "etc/pam.d/common-auth": "auth [success=1 default=ignore] pam_unix.so nullok\n",
    },
    finding: "warning boot/pam",
    says: /lacks pam_unix.so/,
    good: {
      ...pam,
      "etc/pam.d/sshd": "@include common-auth\n-session optional pam_absent.so\nauth include common-auth\n",
      "etc/pam.d/common-auth": "auth [success=1 default=ignore] pam_unix.so nullok\n",
      "lib64/security/pam_unix.so": program(),
    },
  },
  {
    bad: { ...pam, "etc/pam.d/sshd": "auth include system-auth\n" },
    finding: "warning boot/pam",
    says: /the rules system-auth/,
  },
  {
    bad: { ...pam, "etc/pam.d/other": "auth required pam_unix.so\n" },
    finding: "warning boot/pam",
    path: "/etc/pam.d/other",
    good: { ...pam, "etc/pam.d/other": "auth required pam_unix.so\n", ...unix },
  },
  {
    bad: { ...pam, "usr/lib/pam.d/sshd": "session required pam_gone.so\n" },
    finding: "warning boot/pam",
    path: "/usr/lib/pam.d/sshd",
    says: /lacks pam_gone.so: logins on port 22 may fail/,
    good: {
      ...pam,
      "usr/etc/pam.d/sshd":
        "session optional pam_gone.so\nsession [success=ok module_unknown=ignore default=bad] pam_gone.so close\n",
    },
  },
]);

const library = { "lib64/ld.so": program(), "lib64/libpam.so.0": program() };
const asking = dynamic(["libpam.so.0"]);
const su = { ...asking, mode: 0o4755 };
rows("PAM: other programs that let people in", [
  {
    bad: { ...library, "bin/login": asking },
    finding: "warning boot/pam",
    path: "/etc/pam.d/login",
    says: /login asks PAM, which has no rules for it: logins on the console fail/,
    // busybox has a login that asks nobody.
    good: { "bin/login": program() },
  },
  {
    bad: {
      ...library,
      "bin/su": su,
      "bin/login": asking,
      "etc/pam.d/su": "auth include common\n",
      "etc/pam.d/login": "auth include common\n",
      "etc/pam.d/common": "auth required pam_unix.so\n",
    },
    finding: "warning boot/pam",
    says: /lacks pam_unix.so: logins on the console, su may fail/,
    good: {
      ...library,
      ...unix,
      "bin/su": su,
      "etc/pam.d/su": "auth include /etc/pam.d/common\n",
      "etc/pam.d/common": "auth required pam_unix.so\n",
    },
  },
  {
    base: { ...plain, ...library },
    bad: { "usr/libexec/sudo/sudoers.so": asking, "etc/pam.d/sudo": "@include gone\n" },
    finding: "warning boot/pam",
    says: /lacks the rules gone: sudo may fail/,
    good: { "usr/libexec/sudo/sudoers.so": program(), "etc/pam.d/sudo": "@include gone\n" },
  },
]);

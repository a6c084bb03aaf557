import assert from "node:assert/strict";
import { test } from "node:test";
import { findings, only, passwd, plain, rows } from "../../../test/fixtures/bootable-image.ts";

const farDay = 150_000;
const entry = (name: string, expiry: number | string) => `${name}:*:19000:0:99999:7::${expiry}:\n`;
const shadow = (...entries: string[]) => ({ "etc/shadow": entries.join("") });

rows("accounts that have expired", [
  {
    bad: shadow(entry("root", ""), entry("ann", 20)),
    finding: "warning boot/expired-account",
    path: "/etc/shadow",
    says: /ann expired on 1970-01-21: no password and no key/,
    fix: /^RUN sed -i 's\/\^\\\(ann:/,
    good: shadow(entry("root", farDay), entry("ann", ""), entry("ann", 20)),
  },
  {
    bad: shadow(entry("root", 1)),
    finding: "error boot/expired-account",
    says: /root expired on 1970-01-02: .*the platform/,
    // Of services, and entries that the C library does not take.
    good: shadow(entry("sshd", 1), entry("root", "x"), "ann:*:19000:0:99999:7::1\n"),
  },
  // Programs do not take it for "never".
  { bad: shadow(entry("ann", 0)), finding: "warning boot/expired-account" },
]);

test("the expiry of an account that is closed anyway matters for root only", () => {
  const closed = {
    ...plain,
    "etc/passwd": passwd.replace("/home/ann:/bin/sh", "/home/ann:/usr/sbin/nologin"),
    "usr/sbin/nologin": plain["bin/sh"],
  };
  assert.deepEqual(findings({ ...closed, ...shadow(entry("ann", 1)) }), []);
  const root = { "etc/passwd": passwd.replace("/root:/bin/sh", "/root:/usr/sbin/nologin") };
  assert.equal(only({ ...closed, ...root }, shadow(entry("root", 1))).severity, "error");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { check, passwd, plain } from "../../../test/fixtures/bootable-image.ts";
import type { BootFinding } from "./finding.ts";
import { presentable } from "./presentable.ts";

const finding = (more: Partial<BootFinding>): BootFinding => ({
  code: "boot/x",
  severity: "info",
  message: "it is so",
  path: "/etc/x",
  fix: "RUN mend",
  ...more,
});

test("every message names the path that proves it", () => {
  const messages = presentable([finding({}), finding({ message: "/etc/x is so" })]).map(({ message }) => message);
  assert.deepEqual(messages, ["it is so (/etc/x)", "/etc/x is so"]);
});

test("an image with the same fault a thousand times gets a short answer, errors first", () => {
  const people = Array.from(
    { length: 1000 },
    (_, index) => `u${index}:x:${2000 + index}:1000::/srv/u${index}:/bin/sh\n`,
  );
  const homes = Object.fromEntries(people.map((_, index) => [`srv/u${index}`, "no directory"]));
  const { findings } = check({
    ...plain,
    ...homes,
    "root/.ssh": "no directory",
    "etc/passwd": `${people.join("")}${passwd}`,
  });
  const collisions = findings.filter(({ code }) => code === "boot/collision");
  assert.equal(collisions.length, 20);
  assert.equal(`${collisions[0]?.severity} ${collisions[0]?.path}`, "error /root/.ssh");
  assert.match(collisions.at(-1)?.message ?? "", /; and 981 more of this kind$/);
});

test("what an image calls its files commands no terminal, and floods none", () => {
  const name = `\u001b[2J\u202e${"x".repeat(5000)}`;
  const { findings } = check({ ...plain, "etc/fstab": `/dev/${name} /data ext4 defaults 0 2\n` });
  const [{ message, fix }] = findings as [BootFinding];
  assert.match(message, /for \/dev\/\?\[2J\?xxx/);
  for (const text of [message, fix]) {
    assert.ok(text.length < 2100, `${text.length}`);
    assert.doesNotMatch(text, /[\p{Cc}\u202e]/u);
  }
});

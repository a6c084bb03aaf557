import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { packCpio, type CpioEntry } from "./cpio.ts";

/** A reader of our own, written from the format's description and not from the writer. */
function unpack(archive: Buffer): Array<{ path: string; mode: number; uid: number; content: string }> {
  const found: Array<{ path: string; mode: number; uid: number; content: string }> = [];
  let at = 0;
  for (;;) {
    assert.equal(at % 4, 0);
    assert.equal(archive.toString("latin1", at, at + 6), "070701");
    const field = (index: number) =>
      Number.parseInt(archive.toString("latin1", at + 6 + index * 8, at + 14 + index * 8), 16);
    const nameSize = field(11);
    const path = archive.toString("utf8", at + 110, at + 110 + nameSize - 1);
    const start = Math.ceil((at + 110 + nameSize) / 4) * 4;
    if (path === "TRAILER!!!") return found;
    found.push({ path, mode: field(1), uid: field(2), content: archive.toString("utf8", start, start + field(6)) });
    at = Math.ceil((start + field(6)) / 4) * 4;
  }
}

test("parents come first, are added when missing, and keep a given mode", () => {
  const archive = packCpio([
    { kind: "file", path: "/etc/ssh/key", content: "secret", mode: 0o600, uid: 5 },
    { kind: "directory", path: "etc", mode: 0o711 },
    { kind: "symlink", path: "bin/sh", target: "busybox" },
    { kind: "character-device", path: "dev/console", major: 5, minor: 1 },
  ]);
  assert.deepEqual(unpack(archive), [
    { path: "bin", mode: 0o40755, uid: 0, content: "" },
    { path: "bin/sh", mode: 0o120777, uid: 0, content: "busybox" },
    { path: "dev", mode: 0o40755, uid: 0, content: "" },
    { path: "dev/console", mode: 0o20600, uid: 0, content: "" },
    { path: "etc", mode: 0o40711, uid: 0, content: "" },
    { path: "etc/ssh", mode: 0o40755, uid: 0, content: "" },
    { path: "etc/ssh/key", mode: 0o100600, uid: 5, content: "secret" },
  ]);
});

test("the order of the entries does not change the bytes, and archives can be laid end to end", () => {
  const name = fc.stringMatching(/^[a-z]{1,9}$/);
  fc.assert(
    fc.property(fc.dictionary(name, fc.string({ maxLength: 40 }), { minKeys: 1 }), files => {
      const entries: CpioEntry[] = Object.entries(files).map(([path, content]) => ({
        kind: "file",
        path: `d/${path}`,
        content,
      }));
      const archive = packCpio(entries);
      assert.deepEqual(packCpio(entries.toReversed()), archive);
      assert.equal(archive.length % 512, 0);
      for (const { path, content } of unpack(archive).slice(1)) assert.equal(content, files[path.slice(2)]);
    }),
  );
});

test("paths that could escape or collide are refused", () => {
  for (const path of ["", "/", "../etc", "a/./b", "a\0b"]) {
    assert.throws(() => packCpio([{ kind: "file", path, content: "" }]), /cannot be the path/);
  }
  assert.throws(
    () =>
      packCpio([
        { kind: "file", path: "a", content: "" },
        { kind: "file", path: "/a", content: "" },
      ]),
    /twice/,
  );
  assert.throws(
    () =>
      packCpio([
        { kind: "symlink", path: "a", target: "/etc" },
        { kind: "file", path: "a/b", content: "" },
      ]),
    /not a directory/,
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { withParents, writeCpio } from "./cpio.ts";

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

test("modes, owners, devices and links arrive as given, in the order given", () => {
  const archive = writeCpio([
    { type: "directory", path: "etc", mode: 0o711 },
    { type: "file", path: "etc/key", content: "secret", mode: 0o600, uid: 5 },
    { type: "symlink", path: "sh", target: "busybox" },
    { type: "character-device", path: "console", major: 5, minor: 1 },
  ]);
  assert.deepEqual(unpack(archive), [
    { path: "etc", mode: 0o40711, uid: 0, content: "" },
    { path: "etc/key", mode: 0o100600, uid: 5, content: "secret" },
    { path: "sh", mode: 0o120777, uid: 0, content: "busybox" },
    { path: "console", mode: 0o20600, uid: 0, content: "" },
  ]);
});

test("parents are added before what they contain, unless they are given", () => {
  const paths = withParents([
    { type: "file", path: "a/b/c", content: "" },
    { type: "directory", path: "a", mode: 0o700 },
  ]);
  assert.deepEqual(paths, [
    { type: "directory", path: "a", mode: 0o700 },
    { type: "directory", path: "a/b" },
    { type: "file", path: "a/b/c", content: "" },
  ]);
});

test("any content survives, and archives can be laid end to end", () => {
  const name = fc.stringMatching(/^[a-z]{1,9}$/);
  fc.assert(
    fc.property(fc.dictionary(name, fc.string({ maxLength: 40 }), { minKeys: 1 }), files => {
      const archive = writeCpio(Object.entries(files).map(([path, content]) => ({ type: "file", path, content })));
      assert.equal(archive.length % 512, 0);
      for (const { path, content } of unpack(archive)) assert.equal(content, files[path]);
    }),
  );
});

test("paths that could escape or collide are refused", () => {
  for (const path of ["", "/etc", "../etc", "a/./b", "a\0b", "a/"]) {
    assert.throws(() => writeCpio([{ type: "file", path, content: "" }]), /cannot be the path/);
  }
  const twice = { type: "file", path: "a", content: "" } as const;
  assert.throws(() => writeCpio([twice, twice]), /twice/);
});

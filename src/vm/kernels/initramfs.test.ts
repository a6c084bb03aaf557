import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseLdd, writeInitrd } from "./initramfs.ts";

test("archives lie end to end, each at a multiple of 512", async () => {
  const directory = await mkdtemp(join(tmpdir(), "labyard-initrd-"));
  try {
    const parts = [Buffer.alloc(512, "a"), Buffer.alloc(513, "b"), Buffer.alloc(3, "c")];
    const files = parts.map((_, index) => join(directory, `part${index}`));
    for (const [index, part] of parts.entries()) await writeFile(files[index] as string, part);
    const target = join(directory, "initrd");
    await writeInitrd(target, files);
    const initrd = await readFile(target);
    assert.equal(initrd.length, 512 + 1024 + 512);
    assert.equal(initrd.toString("latin1", 0, 513), `${"a".repeat(512)}b`);
    assert.deepEqual(initrd.subarray(512 + 513, 1536), Buffer.alloc(511));
    assert.equal(initrd.toString("latin1", 1536, 1540), "ccc\0");
    await assert.rejects(writeInitrd(join(directory, "other"), [join(directory, "absent")]), /ENOENT/);
    assert.deepEqual((await readdir(directory)).toSorted(), ["initrd", "part0", "part1", "part2"]);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("ldd's paths are taken, its virtual libraries are not", () => {
  const output = `\tlinux-vdso.so.1 (0x00007ffd3a1f2000)
\tlibe2p.so.2 => /lib/x86_64-linux-gnu/libe2p.so.2 (0x00007f2b5c1e1000)
\tlibgone.so.1 => not found
\t/lib64/ld-linux-x86-64.so.2 (0x00007f2b5c32b000)
`;
  assert.deepEqual(parseLdd(output), ["/lib/x86_64-linux-gnu/libe2p.so.2", "/lib64/ld-linux-x86-64.so.2"]);
});

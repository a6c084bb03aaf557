import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { extractBootableElf, findKernelPayload } from "./bzimage.ts";

const options = { scratchDirectory: "/nonexistent", signal: AbortSignal.timeout(10_000) };

/** The smallest ELF file with one note segment. */
function elf(noteName: string, noteType: number): Buffer {
  const file = Buffer.alloc(512);
  file.write("7f454c4602", 0, "hex");
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  file.writeUInt32LE(4, 64);
  file.writeBigUInt64LE(256n, 64 + 8);
  file.writeBigUInt64LE(40n, 64 + 32);
  // A first note of another kind, then the one in question.
  file.writeUInt32LE(4, 256);
  file.writeUInt32LE(3, 260);
  file.writeUInt32LE(6, 264);
  file.write("GNU\0abc", 268, "latin1");
  file.writeUInt32LE(4, 276);
  file.writeUInt32LE(4, 280);
  file.writeUInt32LE(noteType, 284);
  file.write(`${noteName}\0`, 288, "latin1");
  return file;
}

function bzImage(payload: Buffer): Buffer {
  const image = Buffer.alloc(512 * 3);
  image[0x1f1] = 2;
  image.write("HdrS", 0x202, "latin1");
  image.writeUInt16LE(0x020f, 0x206);
  image.writeUInt32LE(16, 0x248);
  image.writeUInt32LE(payload.length, 0x24c);
  return Buffer.concat([image, Buffer.alloc(16), payload, Buffer.alloc(100)]);
}

function withSize(packed: Buffer, bytes: number): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(bytes);
  return Buffer.concat([packed, size]);
}

test("a kernel with a PVH entry comes out of its image whole", async () => {
  const kernel = elf("Xen", 18);
  assert.deepEqual(
    await extractBootableElf(bzImage(withSize(zstdCompressSync(kernel), kernel.length)), options),
    kernel,
  );
  assert.deepEqual(await extractBootableElf(bzImage(gzipSync(kernel)), options), kernel);
});

test("a kernel that cannot be entered directly stays packed", async () => {
  for (const kernel of [elf("Xen", 17), elf("GNU", 18), Buffer.alloc(512, 7)]) {
    assert.equal(await extractBootableElf(bzImage(gzipSync(kernel)), options), undefined);
  }
  assert.equal(await extractBootableElf(Buffer.alloc(4096), options), undefined);
  assert.equal(await extractBootableElf(bzImage(Buffer.alloc(64, 1)), options), undefined);
});

test("the compression is told by the payload's first bytes", () => {
  const payload = (hex: string) =>
    findKernelPayload(bzImage(Buffer.concat([Buffer.from(hex, "hex"), Buffer.alloc(32)])));
  assert.equal(payload("fd377a585a00")?.compression, "xz");
  assert.equal(payload("02214c18")?.compression, "lz4");
  assert.equal(payload("ffffffff")?.compression, "unknown");
});

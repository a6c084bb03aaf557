import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createGzip } from "node:zlib";
import { run } from "../../src/host/process.ts";
import { type Digest, digestOf, hexOf } from "../../src/images/digest.ts";
import { bootableMembers } from "../fixtures/oci-image.ts";
import { tarMember } from "../fixtures/tar-archive.ts";

/** 8 GiB in 500 000 files, in four layers. */
const layerCount = 4;
const filesPerLayer = 125_000;
const bytesPerFile = (8 * 2 ** 30) / (layerCount * filesPerLayer);
const program = fileURLToPath(new URL("../../bench/image-convert.ts", import.meta.url));

/** Text that compresses about as well as program source, of which each file has another part. */
const text = Buffer.from(
  Array.from({ length: 300_000 }, (_, line) => `const value${line % 977} = compute(${Math.imul(line, 7919)});\n`).join(
    "",
  ),
);

function* members(layer: number): Generator<Buffer> {
  if (layer === 0) for (const member of bootableMembers()) yield tarMember(member);
  for (let index = 0; index < filesPerLayer; index++) {
    const length = Math.floor(bytesPerFile / 2) + ((index * 7919) % Math.floor(bytesPerFile));
    const start = (index * 104_729) % (text.length - length);
    const name = `srv/layer-${layer}/${Math.floor(index / 500)}/file-${index}`;
    yield tarMember({ name, content: text.subarray(start, start + length) });
  }
  yield Buffer.alloc(1024);
}

function hashing(): { stream: Transform; digest: () => Digest; bytes: () => number } {
  const hash = createHash("sha256");
  let bytes = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  let hex: string | undefined;
  return { stream, digest: () => `sha256:${(hex ??= hash.digest("hex"))}`, bytes: () => bytes };
}

async function writeLargeLayout(directory: string): Promise<void> {
  const blobs = join(directory, "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  const layers: Array<{ mediaType: string; digest: Digest; size: number }> = [];
  const diffIds: Digest[] = [];
  for (let layer = 0; layer < layerCount; layer++) {
    const plain = hashing();
    const packed = hashing();
    const partial = join(blobs, "partial");
    const source = Readable.from(members(layer), { highWaterMark: 16 });
    await pipeline(source, plain.stream, createGzip({ level: 1 }), packed.stream, createWriteStream(partial));
    await rename(partial, join(blobs, hexOf(packed.digest())));
    diffIds.push(plain.digest());
    layers.push({
      mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
      digest: packed.digest(),
      size: packed.bytes(),
    });
  }
  const put = async (mediaType: string, value: object) => {
    const bytes = Buffer.from(JSON.stringify(value));
    await writeFile(join(blobs, hexOf(digestOf(bytes))), bytes);
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  };
  const config = await put("application/vnd.oci.image.config.v1+json", {
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers", diff_ids: diffIds },
  });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = await put(mediaType, { schemaVersion: 2, mediaType, config, layers });
  await writeFile(join(directory, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  await writeFile(join(directory, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
}

test("an image of 8 GiB with 500 000 files becomes a drive in less than 1 GiB of memory", {
  skip: process.env.LABYARD_LARGE === "1" ? false : "takes 20 GiB of disk and minutes: set LABYARD_LARGE=1",
}, async t => {
  const scratch = await mkdtemp(join(tmpdir(), "labyard-large-"));
  t.after(() => rm(scratch, { recursive: true, force: true }));
  await writeLargeLayout(join(scratch, "layout"));
  const { stdout } = await run([process.execPath, program, join(scratch, "home"), join(scratch, "layout")], {
    timeoutMs: 900_000,
  });
  const { elapsedMs, peakRssKiB, path } = JSON.parse(stdout) as { elapsedMs: number; peakRssKiB: number; path: string };
  t.diagnostic(`${Math.round(elapsedMs / 1000)} s, at most ${Math.round(peakRssKiB / 1024)} MiB`);
  await run(["e2fsck", "-fn", path], { timeoutMs: 900_000 });
  assert.ok(peakRssKiB < 2 ** 20, `${peakRssKiB} KiB`);
});

import { createHash } from "node:crypto";
import { mkdir, open, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf, hexOf } from "../../images/digest.ts";
import type { PayloadSource, Tree } from "../../images/tree.ts";
import { tarChunks } from "../tree/write-tar.ts";

export interface OciOptions {
  /** Created as a directory */
  path: string;
  /** Of the image, seconds since 1970 */
  timeSeconds: number;
  architecture: string;
  signal: AbortSignal;
}

/** Writes a tree as an OCI image of one uncompressed layer, in the layout that every tool reads. Same tree, same digest. */
export async function writeOciLayout(tree: Tree, payloads: PayloadSource, options: OciOptions): Promise<void> {
  const blobs = join(options.path, "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  const layer = await writeLayer(blobs, tree, payloads, options.signal);
  const created = new Date(options.timeSeconds * 1000).toISOString();
  const config = await writeJson(blobs, {
    created,
    architecture: options.architecture,
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: [layer.digest] },
    history: [{ created, created_by: "labyard rootfs run" }],
  });
  const manifest = await writeJson(blobs, {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
    layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", ...layer }],
  });
  const platform = { architecture: options.architecture, os: "linux" };
  const index = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [
      {
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        ...manifest,
        platform,
        annotations: { "org.opencontainers.image.ref.name": "latest" },
      },
    ],
  };
  await writeFile(join(options.path, "index.json"), JSON.stringify(index));
  await writeFile(join(options.path, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
}

interface Blob {
  digest: string;
  size: number;
}

async function writeLayer(blobs: string, tree: Tree, payloads: PayloadSource, signal: AbortSignal): Promise<Blob> {
  const partial = join(blobs, "layer.partial");
  const file = await open(partial, "wx");
  const hash = createHash("sha256");
  let size = 0;
  try {
    for await (const chunk of tarChunks(tree, payloads, signal)) {
      hash.update(chunk);
      await file.writeFile(chunk);
      size += chunk.length;
    }
    await file.sync();
  } finally {
    await file.close();
  }
  const hex = hash.digest("hex");
  await rename(partial, join(blobs, hex));
  return { digest: `sha256:${hex}`, size };
}

async function writeJson(blobs: string, document: unknown): Promise<Blob> {
  const bytes = Buffer.from(JSON.stringify(document));
  const digest = digestOf(bytes);
  await writeFile(join(blobs, hexOf(digest)), bytes);
  return { digest, size: bytes.length };
}

import { createHash } from "node:crypto";
import * as z from "zod";
import { Problem } from "../../api/problems.ts";
import type { BlobSource } from "../blob-source.ts";
import { type Digest, digestOf } from "../digest.ts";
import { firstIssue } from "../first-issue.ts";
import { parseConfig } from "../image-manifest.ts";
import { type FileSet, readSmall } from "./file-set.ts";
import { isNamed } from "./image-name.ts";
import { type FoundImage, severalImages } from "./oci-layout.ts";

const maxDocumentBytes = 8 * 1024 * 1024;
const manifestSchema = z
  .array(
    z.object({
      Config: z.string(),
      RepoTags: z.array(z.string()).nullish(),
      Layers: z.array(z.string()).max(512),
    }),
  )
  .min(1)
  .max(1000);

/**
 * Finds an image in the older kind of archive that `docker save` writes; undefined when the files are none. Such an
 * archive has no manifest that a registry would know, so one is made here, always the same for the same image.
 */
export async function findInDockerArchive(
  files: FileSet,
  tag: string | undefined,
  name: string,
): Promise<FoundImage | undefined> {
  const bytes = await readSmall(files, "manifest.json", maxDocumentBytes);
  if (bytes === undefined) return undefined;
  const images = parse(bytes, name);
  const fits =
    tag === undefined ? images : images.filter(({ RepoTags }) => RepoTags?.some(label => isNamed(label, tag)));
  const [image] = fits;
  if (image === undefined || fits.length > 1) {
    throw severalImages(
      name,
      tag,
      images.map(({ RepoTags }) => RepoTags?.[0]).filter(label => label !== undefined),
    );
  }
  const config = await readSmall(files, image.Config, maxDocumentBytes);
  if (config === undefined) throw broken(name, `lacks the configuration ${image.Config}`);
  const { diffIds } = parseConfig(config, image.Layers.length, name);
  const pathOf = new Map<Digest, string>([[digestOf(config), image.Config]]);
  const layers: Array<{ mediaType: string; digest: Digest; size: number }> = [];
  for (const [index, path] of image.Layers.entries()) {
    const size = await files.size(path);
    if (size === undefined) throw broken(name, `lacks the layer ${path}`);
    // Layers of archives are plain as a rule, and then have the digest that the configuration says.
    const digest = (await isCompressed(files, path)) ? await digestOfFile(files, path) : (diffIds[index] as Digest);
    pathOf.set(digest, path);
    layers.push({ mediaType: "application/vnd.oci.image.layer.v1.tar", digest, size });
  }
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: {
        mediaType: "application/vnd.oci.image.config.v1+json",
        digest: digestOf(config),
        size: config.length,
      },
      layers,
    }),
  );
  return { digest: digestOf(manifest), blobs: archiveBlobs(files, manifest, pathOf, name) };
}

function archiveBlobs(files: FileSet, manifest: Buffer, pathOf: ReadonlyMap<Digest, string>, name: string): BlobSource {
  return {
    manifest: async () => manifest,
    async blob(digest, sink, options = {}) {
      const path = pathOf.get(digest);
      if (path === undefined) throw broken(name, `lacks the blob ${digest}`);
      for await (const chunk of files.stream(path, sink.sizeBytes)) {
        options.signal?.throwIfAborted();
        await sink.write(chunk);
        options.onBytes?.(sink.sizeBytes);
      }
    },
  };
}

async function isCompressed(files: FileSet, path: string): Promise<boolean> {
  for await (const chunk of files.stream(path, 0)) {
    const magic = Buffer.from(chunk.subarray(0, 4));
    return magic.length === 4 && (magic.readUInt16BE() === 0x1f8b || magic.readUInt32LE() === 0xfd2fb528);
  }
  return false;
}

async function digestOfFile(files: FileSet, path: string): Promise<Digest> {
  const hash = createHash("sha256");
  for await (const chunk of files.stream(path, 0)) hash.update(chunk);
  return `sha256:${hash.digest("hex")}`;
}

function parse(bytes: Buffer, name: string): z.infer<typeof manifestSchema> {
  try {
    return manifestSchema.parse(JSON.parse(bytes.toString("utf8")));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? firstIssue(cause) : (cause as Error).message;
    throw new Problem("image/source-unreadable", { message: `manifest.json of ${name} cannot be read: ${why}`, cause });
  }
}

function broken(name: string, why: string): Problem {
  return new Problem("image/source-unreadable", { message: `${name} ${why}` });
}

import * as z from "zod";
import { Problem } from "../../api/problems.ts";
import type { BlobSource } from "../blob-source.ts";
import { type Digest, digestOf, hexOf } from "../digest.ts";
import { firstIssue } from "../first-issue.ts";
import { digestSchema, foreignDigestIn } from "../digest-schema.ts";
import { type FileSet, readSmall } from "./file-set.ts";
import { isNamed } from "./image-name.ts";

const maxDocumentBytes = 8 * 1024 * 1024;
const tagAnnotation = "org.opencontainers.image.ref.name";
const nameAnnotation = "io.containerd.image.name";

const indexSchema = z.object({
  manifests: z
    .array(
      z.object({
        digest: digestSchema,
        annotations: z.record(z.string(), z.string()).default({}),
      }),
    )
    .min(1)
    .max(1000),
});

/** An image that was found on this host: its digest, and where its blobs are. */
export interface FoundImage {
  digest: Digest;
  blobs: BlobSource;
}

/** Finds an image in an OCI layout; undefined when the files are no layout. `tag` chooses among several. */
export async function findInLayout(
  files: FileSet,
  tag: string | undefined,
  name: string,
): Promise<FoundImage | undefined> {
  const bytes = await readSmall(files, "index.json", maxDocumentBytes);
  if (bytes === undefined) return undefined;
  const { manifests } = parseIndex(bytes, name);
  const labelled = manifests.map(({ digest, annotations }) => ({
    digest,
    labels: [annotations[tagAnnotation], annotations[nameAnnotation]].filter(label => label !== undefined),
  }));
  const digest = choose(labelled, tag, name) ?? digestOf(bytes);
  return { digest, blobs: layoutBlobs(files, digestOf(bytes), bytes, name) };
}

interface Labelled {
  digest: Digest;
  labels: string[];
}

/** undefined: the index as a whole is the image, one member for each platform. */
function choose(members: readonly Labelled[], tag: string | undefined, name: string): Digest | undefined {
  const fits = tag === undefined ? members : members.filter(({ labels }) => labels.some(label => isNamed(label, tag)));
  const [first] = fits;
  if (first !== undefined && fits.every(({ digest }) => digest === first.digest)) return first.digest;
  const known = [...new Set(members.map(({ labels }) => labels[0]).filter(label => label !== undefined))];
  if (tag === undefined && known.length === 0) return undefined;
  throw severalImages(name, tag, known);
}

/** For layouts and archives alike: which of their images is meant? */
export function severalImages(name: string, tag: string | undefined, known: readonly string[]): Problem {
  const list = known.slice(0, 20).join(", ") || "none that is named";
  return new Problem("image/source-unreadable", {
    message:
      tag === undefined
        ? `${name} holds several images: ${list}`
        : `${name} holds no single image "${tag}"; it has: ${list}`,
    hint: `Append the tag of one of them after a colon, as in ${name.replace(/:[^/]*$/, "")}:TAG.`,
  });
}

function layoutBlobs(files: FileSet, indexDigest: Digest, index: Buffer, name: string): BlobSource {
  const path = (digest: Digest) => `blobs/sha256/${hexOf(digest)}`;
  const missing = (digest: Digest) =>
    new Problem("image/source-unreadable", { message: `${name} lacks the blob ${digest}, or it is too large` });
  return {
    async manifest(digest) {
      if (digest === indexDigest) return index;
      const bytes = await readSmall(files, path(digest), maxDocumentBytes);
      if (bytes === undefined) throw missing(digest);
      return bytes;
    },
    async blob(digest, sink, options = {}) {
      if ((await files.size(path(digest))) === undefined) throw missing(digest);
      for await (const chunk of files.stream(path(digest), sink.sizeBytes)) {
        options.signal?.throwIfAborted();
        await sink.write(chunk);
        options.onBytes?.(sink.sizeBytes);
      }
    },
  };
}

function parseIndex(bytes: Buffer, name: string): z.infer<typeof indexSchema> {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString("utf8"));
    return indexSchema.parse(json);
  } catch (cause) {
    const foreign = cause instanceof z.ZodError ? foreignDigestIn(json, cause) : undefined;
    if (foreign !== undefined) throw new Problem("image/unsupported", { message: `index.json of ${name} ${foreign}` });
    const why = cause instanceof z.ZodError ? firstIssue(cause) : (cause as Error).message;
    throw new Problem("image/source-unreadable", { message: `index.json of ${name} cannot be read: ${why}`, cause });
  }
}

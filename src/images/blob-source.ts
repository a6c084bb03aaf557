import { Problem } from "../api/problems.ts";
import type { BlobSink } from "./blobs.ts";
import type { Digest } from "./digest.ts";
import type { Descriptor } from "./image-manifest.ts";
import type { DocumentSource } from "./load-image.ts";

export interface BlobOptions {
  onBytes?: (received: number) => void;
  signal?: AbortSignal;
}

/** Where the documents and layers of an image come from: a registry, a directory, an archive. Nothing of it is trusted. */
export interface BlobSource {
  /** The bytes of a manifest or index. */
  manifest(digest: Digest): Promise<Buffer>;
  /** Streams a blob behind what `sink` has of it already; the sink checks size and digest. */
  blob(digest: Digest, sink: BlobSink, options?: BlobOptions): Promise<void>;
}

/** What a tag means, with the manifest or index itself where the answer has brought it along. */
export interface TagTarget {
  digest: Digest;
  bytes?: Buffer;
}

/**
 * Reads documents through a source into memory, none longer than it was announced. `onManifest` hears that one is
 * wanted, which means that the image is not known here. What came with `target` is not fetched again.
 */
export function documentsOf(source: BlobSource, onManifest?: () => void, target?: TagTarget): DocumentSource {
  return {
    manifest: async digest => {
      onManifest?.();
      const bytes = digest === target?.digest ? target.bytes : undefined;
      return bytes ?? source.manifest(digest);
    },
    document: async (descriptor: Descriptor) => {
      const chunks: Uint8Array[] = [];
      const sink: BlobSink = {
        sizeBytes: 0,
        async write(chunk) {
          sink.sizeBytes += chunk.length;
          if (sink.sizeBytes > descriptor.size) {
            throw new Problem("image/damaged", {
              message: `the blob ${descriptor.digest} is larger than the ${descriptor.size} bytes it was announced with`,
            });
          }
          chunks.push(chunk);
        },
        async restart() {
          chunks.length = sink.sizeBytes = 0;
        },
      };
      await source.blob(descriptor.digest, sink);
      return Buffer.concat(chunks);
    },
  };
}

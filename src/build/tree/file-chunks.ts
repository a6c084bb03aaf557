import type { FileNode, PayloadSource } from "../../images/tree.ts";

const chunkBytes = 1024 * 1024;

/** The bytes of a file, holes as zeros. A chunk is only valid until the next one is asked for. */
export function* fileChunks(file: FileNode, payloads: PayloadSource): Generator<Buffer> {
  const { payload, size } = file;
  const chunk = Buffer.alloc(Math.min(size, chunkBytes));
  for (let offset = 0; offset < size; offset += chunk.length) {
    const part = chunk.subarray(0, Math.min(chunk.length, size - offset));
    if (payload !== undefined) payloads.read(payload, offset, part);
    yield part;
  }
}

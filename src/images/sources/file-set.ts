import { constants, type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";

const chunkBytes = 1024 * 1024;

/** The files of an image on this host, in a directory or inside an archive. Paths are relative, with slashes. */
export interface FileSet {
  /** undefined when there is no such file */
  size(path: string): Promise<number | undefined>;
  /** The bytes from `from` on, or nothing when the file does not exist. */
  stream(path: string, from: number): AsyncIterable<Uint8Array>;
}

/** A small file as a whole; undefined when it is missing or larger than `maxBytes`. */
export async function readSmall(files: FileSet, path: string, maxBytes: number): Promise<Buffer | undefined> {
  const size = await files.size(path);
  if (size === undefined || size > maxBytes) return undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of files.stream(path, 0)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Whatever lies below a directory. */
export function directoryFiles(root: string): FileSet {
  const openFile = async (path: string): Promise<FileHandle | undefined> => {
    if (path.split("/").includes("..")) return undefined;
    // O_NONBLOCK: a fifo in place of a file must not hold us.
    return open(join(root, path), constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined);
  };
  return {
    async size(path) {
      await using file = await openFile(path);
      const found = await file?.stat();
      return found?.isFile() ? found.size : undefined;
    },
    async *stream(path, from) {
      await using file = await openFile(path);
      if (file !== undefined) yield* bytesBetween(file, from, Number.POSITIVE_INFINITY);
    },
  };
}

/** The bytes of an open file from `start` to `end` or its end, in chunks of their own memory. */
export async function* bytesBetween(file: FileHandle, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let position = start; position < end; ) {
    const length = Math.min(chunkBytes, end - position);
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, position);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}

import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { Problem } from "../../api/problems.ts";

/** As for layers: nothing honest is much smaller than a hundredth of its content. */
const bombFloorBytes = 8 * 1024 ** 3;
const bombRatio = 100;

/** Opens an archive for reading at any place; one that is compressed as a whole is first unpacked into `workDirectory`. */
export async function openPlainArchive(
  path: string,
  workDirectory: () => Promise<string>,
  signal?: AbortSignal,
): Promise<FileHandle> {
  const file = await open(path, "r").catch((cause: Error) => {
    throw new Problem("image/source-unreadable", { message: `${path} cannot be opened: ${cause.message}`, cause });
  });
  try {
    const magic = Buffer.alloc(4);
    await file.read(magic, 0, 4, 0);
    const decoder =
      magic[0] === 0x1f && magic[1] === 0x8b
        ? createGunzip({ chunkSize: 1024 * 1024 })
        : magic.readUInt32LE() === 0xfd2fb528
          ? createZstdDecompress({ chunkSize: 1024 * 1024 })
          : undefined;
    if (decoder === undefined) return file;
    const { size } = await file.stat();
    const plain = join(await workDirectory(), "plain.tar");
    const output = await open(plain, "wx+");
    try {
      await pipeline(
        createReadStream(path),
        decoder,
        limitTo(Math.max(bombFloorBytes, size * bombRatio), path),
        async chunks => {
          // writeFile goes on where the last one ended.
          for await (const chunk of chunks as AsyncIterable<Buffer>) await output.writeFile(chunk);
        },
        { ...(signal ? { signal } : {}) },
      );
    } catch (error) {
      await output.close();
      signal?.throwIfAborted();
      if (error instanceof Problem || (error as NodeJS.ErrnoException).code === "ENOSPC") throw error;
      throw new Problem("image/source-unreadable", {
        message: `${path} cannot be decompressed: ${(error as Error).message}`,
        cause: error,
      });
    }
    await file.close();
    return output;
  } catch (error) {
    await file.close();
    throw error;
  }
}

function limitTo(maxBytes: number, path: string): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen <= maxBytes) return done(null, chunk);
      return done(new Problem("image/too-large", { message: `${path} unpacks to more than ${maxBytes} bytes` }));
    },
  });
}

// Inflates and hashes gzip files, as many at once as there are cores, and prints how long that took. Arguments: files.
// No network, no tar, no disk: nothing that pulls an image through Node can be faster.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { availableParallelism } from "node:os";
import { createGunzip } from "node:zlib";
import pLimit from "p-limit";

const chunkSize = 1024 * 1024;

async function inflateAndHash(path: string): Promise<void> {
  const blobHash = createHash("sha256");
  const plainHash = createHash("sha256");
  const source = createReadStream(path, { highWaterMark: chunkSize });
  source.on("data", chunk => blobHash.update(chunk));
  for await (const chunk of source.pipe(createGunzip({ chunkSize }))) plainHash.update(chunk as Buffer);
  blobHash.digest();
  plainHash.digest();
}

const limit = pLimit(availableParallelism());
const startedAt = performance.now();
await Promise.all(process.argv.slice(2).map(path => limit(() => inflateAndHash(path))));
process.stdout.write(JSON.stringify({ elapsedMs: performance.now() - startedAt }));

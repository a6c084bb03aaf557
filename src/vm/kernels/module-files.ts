import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { run } from "../../host/process.ts";

/** Arguments of one xz call: well below the limit of a command line. */
const filesPerCall = 200;

/**
 * Afterwards no module below the directory is compressed: neither the shim nor the modprobe of every image can read
 * compressed ones. `modules.dep` is stale then and has to be made anew.
 */
export async function unpackModules(directory: string, signal: AbortSignal): Promise<void> {
  const files = (await readdir(directory, { recursive: true })).map(name => join(directory, name));
  const xz = files.filter(file => file.endsWith(".ko.xz"));
  for (let at = 0; at < xz.length; at += filesPerCall) {
    await run(["xz", "--decompress", "--", ...xz.slice(at, at + filesPerCall)], { signal, timeoutMs: 5 * 60_000 });
  }
  for (const file of files.filter(name => name.endsWith(".ko.zst"))) {
    signal.throwIfAborted();
    await writeFile(file.slice(0, -".zst".length), zstdDecompressSync(await readFile(file)));
    await rm(file);
  }
}

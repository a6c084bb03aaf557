import { lstat, opendir, rm } from "node:fs/promises";
import { join } from "node:path";

/** A full registry is not measured again and again for clients that try again and again. */
const pauseMs = 10_000;

/**
 * How much a registry holds, kept between two measurements by adding what is sent to it. That is never too little: what
 * turns out to be there already, or is given up half-way, counts until the next measurement.
 */
export class StoredBytes {
  readonly #directory: string;
  readonly #maxBytes: number;
  #used: number | undefined;
  #measuring: Promise<void> | undefined;
  #measuredAtMs = 0;

  constructor(directory: string, maxBytes: number) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
  }

  /** Takes room for so many bytes more. False: there is none, also when looked at closely. */
  async reserve(bytes: number): Promise<boolean> {
    if (this.#used === undefined || (!this.#fits(bytes) && Date.now() > this.#measuredAtMs + pauseMs)) {
      await this.#measure();
    }
    if (!this.#fits(bytes)) return false;
    this.#used = (this.#used ?? 0) + bytes;
    return true;
  }

  #fits(bytes: number): boolean {
    return (this.#used ?? 0) + bytes <= this.#maxBytes;
  }

  #measure(): Promise<void> {
    this.#measuring ??= diskUsage(this.#directory)
      .then(used => {
        this.#used = used;
      })
      .finally(() => {
        this.#measuredAtMs = Date.now();
        this.#measuring = undefined;
      });
    return this.#measuring;
  }
}

/** Removes what was on its way when an earlier process ended: no client can continue it. */
export async function removeUnfinishedUploads(directory: string): Promise<void> {
  for await (const entry of filesBelow(directory)) {
    // Parts of an image's name never begin with "_".
    if (entry.isDirectory && entry.name === "_uploads") await rm(entry.path, { recursive: true, force: true });
  }
}

/** In bytes of the disk, so that many small files count as what they take. */
async function diskUsage(directory: string): Promise<number> {
  let used = 0;
  for await (const { path } of filesBelow(directory)) {
    used += await lstat(path).then(
      ({ blocks }) => blocks * 512,
      // Gone in between.
      () => 0,
    );
  }
  return used;
}

async function* filesBelow(directory: string): AsyncGenerator<{ path: string; name: string; isDirectory: boolean }> {
  const entries = await opendir(directory).catch(() => undefined);
  if (entries === undefined) return;
  for await (const entry of entries) {
    const path = join(directory, entry.name);
    const isDirectory = entry.isDirectory();
    yield { path, name: entry.name, isDirectory };
    if (isDirectory) yield* filesBelow(path);
  }
}

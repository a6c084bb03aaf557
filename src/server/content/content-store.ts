import { createHash, randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Problem } from "../../api/problems.ts";
import {
  type ContentFileRow,
  deleteContentFile,
  findContentFile,
  listContentFiles,
  type OtherFiles,
  putContentFile,
} from "../../store/database/content-files.ts";
import type { Database } from "../../store/database/open-database.ts";

const maxFiles = 500;
const maxUploadsAtOnce = 32;
const uploadTimeoutMs = 10 * 60_000;
const bytesPerMiB = 1024 * 1024;

export interface ContentStoreOptions {
  database: Database;
  /** A folder per playground, by its id. */
  directory: string;
  limits: { fileMiB: number; playgroundMiB: number };
  now: () => number;
}

/**
 * Files that accompany playgrounds. A row says what a path means; the bytes lie under a random name, so no path of an
 * author ever touches the host, and a file is replaced in one step: readers of the old one read it to its end.
 */
export class ContentStore {
  readonly #options: ContentStoreOptions;
  #uploads = 0;

  constructor(options: ContentStoreOptions) {
    this.#options = options;
  }

  list(playgroundId: string): Promise<ContentFileRow[]> {
    return listContentFiles(this.#options.database, playgroundId);
  }

  find(playgroundId: string, path: string): Promise<ContentFileRow | undefined> {
    return findContentFile(this.#options.database, playgroundId, path);
  }

  read(file: ContentFileRow): Readable {
    return createReadStream(this.#fileOf(file.playground_id, file.blob));
  }

  /** Keeps the bytes under the path. When it rejects, the path means what it meant before and nothing is left on disk. */
  async write(playgroundId: string, path: string, bytes: Readable) {
    const { database, limits, now } = this.#options;
    if (this.#uploads >= maxUploadsAtOnce) {
      throw new Problem("server/rate-limited", { message: "Too many files are being uploaded at the same time" });
    }
    this.#uploads++;
    const blob = randomBytes(16).toString("hex");
    const file = this.#fileOf(playgroundId, blob);
    try {
      await mkdir(join(this.#options.directory, playgroundId), { recursive: true, mode: 0o700 });
      const { md5, sizeBytes } = await this.#receive(path, bytes, `${file}.part`);
      await rename(`${file}.part`, file);
      const row = { playground_id: playgroundId, path, blob, md5, size_bytes: sizeBytes, updated_at: now() };
      const before = await putContentFile(database, row, others => refuseTooMuch(others, sizeBytes, limits));
      if (before !== undefined) await this.#removeBlob(before);
    } catch (error) {
      await rm(`${file}.part`, { force: true });
      await rm(file, { force: true });
      throw error;
    } finally {
      this.#uploads--;
    }
  }

  /** False when there was none. */
  async remove(playgroundId: string, path: string): Promise<boolean> {
    const removed = await deleteContentFile(this.#options.database, playgroundId, path);
    if (removed !== undefined) await this.#removeBlob(removed);
    return removed !== undefined;
  }

  /** After the playground's row is gone, and its files' rows with it. */
  async removeAll(playgroundId: string): Promise<void> {
    await rm(join(this.#options.directory, playgroundId), { recursive: true, force: true });
  }

  /** Removes what a killed server left: bytes without a row. To be called before anybody can upload. */
  async sweep(): Promise<void> {
    const { directory } = this.#options;
    const playgrounds = await readdir(directory).catch(() => []);
    for (const playgroundId of playgrounds) {
      const kept = new Set((await this.list(playgroundId)).map(({ blob }) => blob));
      if (kept.size === 0) {
        await this.removeAll(playgroundId);
        continue;
      }
      for (const name of await readdir(join(directory, playgroundId))) {
        if (!kept.has(name)) await rm(this.#fileOf(playgroundId, name), { recursive: true, force: true });
      }
    }
  }

  async #receive(path: string, bytes: Readable, to: string) {
    const maxBytes = this.#options.limits.fileMiB * bytesPerMiB;
    const digest = createHash("md5");
    let sizeBytes = 0;
    const measured = async function* (source: AsyncIterable<Uint8Array>) {
      for await (const chunk of source) {
        sizeBytes += chunk.byteLength;
        if (sizeBytes > maxBytes) {
          throw new Problem("content/file-too-large", {
            message: `content file "${path}" is larger than ${maxBytes / bytesPerMiB} MiB, the limit here`,
          });
        }
        digest.update(chunk);
        yield chunk;
      }
    };
    const output = createWriteStream(to, { flags: "wx", mode: 0o600 });
    await pipeline(bytes, measured, output, { signal: AbortSignal.timeout(uploadTimeoutMs) });
    return { md5: digest.digest("hex"), sizeBytes };
  }

  #fileOf(playgroundId: string, blob: string): string {
    return join(this.#options.directory, playgroundId, blob);
  }

  async #removeBlob(file: ContentFileRow): Promise<void> {
    await rm(this.#fileOf(file.playground_id, file.blob), { force: true });
  }
}

function refuseTooMuch(others: OtherFiles, sizeBytes: number, limits: ContentStoreOptions["limits"]): void {
  if (others.count >= maxFiles) {
    throw new Problem("content/too-much", { message: `a playground has at most ${maxFiles} content files` });
  }
  if (others.sizeBytes + sizeBytes > limits.playgroundMiB * bytesPerMiB) {
    throw new Problem("content/too-much", {
      message: `the content files of the playground would be larger than ${limits.playgroundMiB} MiB together`,
    });
  }
}

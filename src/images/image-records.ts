import { mkdir, readdir, readFile, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { writeFileAtomic } from "../lib/atomic-file.ts";
import { imageRecordsDirectory, type Paths } from "../store/paths.ts";
import { type Digest, digestOf, hexOf, isDigest } from "./digest.ts";

const recordSchema = z.object({
  name: z.string(),
  digest: z.custom<Digest>(isDigest),
  /** When somebody was last asked what the name means. RFC 3339. */
  resolvedAt: z.string(),
  /** "built": made or named on this host under a registry's name and never pushed there, so nobody else is asked about it. */
  origin: z.enum(["recipe", "registry", "built", "import"]),
});

/** What a name meant when its origin was last asked. */
export type ImageRecord = z.infer<typeof recordSchema>;

/** A file for each name, so that processes do not wait for each other; its time is that of the last use. */
const fileOf = (paths: Paths, name: string) => join(imageRecordsDirectory(paths), `${hexOf(digestOf(name))}.json`);

/** undefined for an unknown name; an unreadable record counts as unknown, because it is a cache. */
export async function readImageRecord(paths: Paths, name: string): Promise<ImageRecord | undefined> {
  return readRecordFile(fileOf(paths, name));
}

/** From here on the name means this digest, and `image prune` keeps what belongs to it. */
export async function rememberImage(paths: Paths, record: Omit<ImageRecord, "resolvedAt">): Promise<void> {
  await mkdir(imageRecordsDirectory(paths), { recursive: true });
  const text = JSON.stringify({ ...record, resolvedAt: new Date().toISOString() } satisfies ImageRecord);
  await writeFileAtomic(fileOf(paths, record.name), `${text}\n`);
}

/** Notes that the image was used just now. */
export async function touchImage(paths: Paths, name: string): Promise<void> {
  const now = new Date();
  await utimes(fileOf(paths, name), now, now).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
}

export async function forgetImage(paths: Paths, name: string): Promise<void> {
  await rm(fileOf(paths, name), { force: true });
}

export async function listImageRecords(paths: Paths): Promise<Array<ImageRecord & { usedAtMs: number }>> {
  const names = await readdir(imageRecordsDirectory(paths)).catch((): string[] => []);
  const records = await Promise.all(
    names
      .filter(name => /^[0-9a-f]{64}\.json$/.test(name))
      .map(async name => {
        const file = join(imageRecordsDirectory(paths), name);
        const record = await readRecordFile(file);
        const times = await stat(file).catch(() => undefined);
        return record === undefined || times === undefined ? [] : [{ ...record, usedAtMs: times.mtimeMs }];
      }),
  );
  return records.flat().toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function readRecordFile(file: string): Promise<ImageRecord | undefined> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch {
    return undefined;
  }
}

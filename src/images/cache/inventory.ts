import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  baseDriveFile,
  baseDriveRecordFile,
  baseDrivesDirectory,
  blobsDirectory,
  layoutsDirectory,
  type Paths,
  partialBlobsDirectory,
} from "../../store/paths.ts";
import { driveVersion } from "../base-version.ts";
import type { Filesystem } from "../filesystem-builder.ts";
import { formatImageSource, parseImageSource } from "../catalogue.ts";
import { chainIdOf, type Digest, hexOf, isDigest } from "../digest.ts";
import { type ImageRecord, listImageRecords } from "../image-records.ts";
import { loadImage } from "../load-image.ts";
import { type Lease, readLeases } from "./leases.ts";

/** All sizes are real ones: blocks on the disk, not the length of sparse files. */
export interface CachedImage extends ImageRecord {
  usedAtMs: number;
  /** undefined: its documents are not complete here, so nothing more is known */
  chainId: Digest | undefined;
  layerCount: number;
  /** Of these layers: so many have not been pulled, or not to their end. */
  missingLayerCount: number;
  /** Blobs of this image that are here, by the hex of their digest. */
  blobs: Set<string>;
  /** Blobs and drives, also those that other images use too. */
  bytes: number;
  drives: CachedDrive[];
  /** Ids of plays that are on one of its drives, or name it. */
  plays: string[];
}

export interface CachedDrive {
  key: string;
  chainId: Digest | undefined;
  filesystem: string;
  /** False: an older version of this program wrote it, and no start will look for it. */
  isCurrent: boolean;
  sizeBytes: number;
  bytes: number;
  plays: string[];
}

export interface Inventory {
  images: CachedImage[];
  drives: CachedDrive[];
  /** Bytes by the hex of the digest. */
  blobs: Map<string, number>;
  partialBytes: number;
  totalBytes: number;
}

/** What is in the cache and who needs it, read from the disk. */
export async function readInventory(paths: Paths): Promise<Inventory> {
  const leases = await readLeases(paths);
  const blobs = await sizesIn(blobsDirectory(paths));
  const drives = await readDrives(paths, leases);
  const images = await Promise.all(
    (await listNames(paths)).map(record => readImage(paths, record, blobs, drives, leases)),
  );
  const partialBytes = sum((await sizesIn(partialBlobsDirectory(paths))).values());
  const totalBytes = sum(blobs.values()) + sum(drives.map(drive => drive.bytes)) + partialBytes;
  return { images, drives, blobs, partialBytes, totalBytes };
}

/** Images of our own recipes exist by their layouts, also when nobody has used them yet. */
async function listNames(paths: Paths): Promise<Array<ImageRecord & { usedAtMs: number }>> {
  const records = new Map((await listImageRecords(paths)).map(record => [record.name, record]));
  for (const name of await readdir(layoutsDirectory(paths)).catch((): string[] => [])) {
    const index = join(layoutsDirectory(paths), name, "index.json");
    const [digest, times] = [await layoutDigest(index), await stat(index).catch(() => undefined)];
    if (digest === undefined || times === undefined) continue;
    const usedAtMs = records.get(name)?.usedAtMs ?? times.mtimeMs;
    records.set(name, { name, digest, origin: "recipe", resolvedAt: times.mtime.toISOString(), usedAtMs });
  }
  return [...records.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function layoutDigest(index: string): Promise<Digest | undefined> {
  try {
    const parsed = JSON.parse(await readFile(index, "utf8")) as { manifests?: Array<{ digest?: unknown }> };
    const digest = parsed.manifests?.[0]?.digest;
    return isDigest(digest) ? digest : undefined;
  } catch {
    return undefined;
  }
}

async function readImage(
  paths: Paths,
  record: ImageRecord & { usedAtMs: number },
  stored: ReadonlyMap<string, number>,
  drives: readonly CachedDrive[],
  leases: readonly Lease[],
): Promise<CachedImage> {
  // A record of something that cannot be read any more is still listed, so that it can be pruned.
  const image = await loadImage(paths, record.digest, record.name, undefined).catch(() => undefined);
  const digests = [
    record.digest,
    ...(image?.documents ?? []),
    ...(image?.layers ?? []).flatMap(layer => [layer.digest, layer.diffId]),
  ];
  const blobs = new Set(digests.map(hexOf).filter(hex => stored.has(hex)));
  const chainId = image && chainIdOf(image.layers.map(layer => layer.diffId));
  const own = drives.filter(drive => drive.chainId !== undefined && drive.chainId === chainId);
  const naming = leases.filter(lease => [...lease.sources].some(source => recordName(source) === record.name));
  return {
    ...record,
    chainId,
    layerCount: image?.layers.length ?? 0,
    missingLayerCount: (image?.layers ?? []).filter(({ diffId }) => !stored.has(hexOf(diffId))).length,
    blobs,
    bytes: sum([...blobs].map(hex => stored.get(hex) ?? 0)) + sum(own.map(drive => drive.bytes)),
    drives: own,
    plays: [...new Set([...own.flatMap(drive => drive.plays), ...naming.map(lease => lease.playId)])],
  };
}

/** The name under which a drive's source is recorded. */
function recordName(source: string): string | undefined {
  try {
    return formatImageSource(parseImageSource(source)).replace(/^oci:\/\//, "");
  } catch {
    // A play with a source that means nothing to us leases nothing.
    return undefined;
  }
}

async function readDrives(paths: Paths, leases: readonly Lease[]): Promise<CachedDrive[]> {
  const names = await readdir(baseDrivesDirectory(paths)).catch((): string[] => []);
  const drives = await Promise.all(
    names
      .filter(name => /^[0-9a-f]{64}$/.test(name))
      .map(async (key): Promise<CachedDrive[]> => {
        const found = await stat(baseDriveFile(paths, key)).catch(() => undefined);
        if (found === undefined) return [];
        const record = await readDriveRecord(baseDriveRecordFile(paths, key));
        const directory = join(baseDrivesDirectory(paths), key);
        const plays = leases.filter(lease => lease.bases.has(directory)).map(lease => lease.playId);
        return [
          {
            key,
            chainId: record.chainId,
            filesystem: record.filesystem ?? "ext4",
            isCurrent: record.version === driveVersion(record.filesystem ?? "ext4"),
            sizeBytes: found.size,
            bytes: found.blocks * 512,
            plays,
          },
        ];
      }),
  );
  return drives.flat();
}

interface DriveRecord {
  chainId?: Digest;
  filesystem?: Filesystem;
  version?: string;
}

async function readDriveRecord(file: string): Promise<DriveRecord> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as DriveRecord;
  } catch {
    // Half removed by a prune that was killed.
    return {};
  }
}

async function sizesIn(directory: string): Promise<Map<string, number>> {
  const names = await readdir(directory).catch((): string[] => []);
  const sizes = new Map<string, number>();
  for (const name of names) {
    const found = await stat(join(directory, name)).catch(() => undefined);
    if (found?.isFile()) sizes.set(name, found.blocks * 512);
  }
  return sizes;
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

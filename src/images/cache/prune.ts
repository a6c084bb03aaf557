import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Problem } from "../../api/problems.ts";
import {
  baseDriveRecordFile,
  baseDrivesDirectory,
  blobsDirectory,
  imageVerdictsDirectory,
  imageWorkDirectory,
  type Paths,
  partialBlobsDirectory,
} from "../../store/paths.ts";
import { engineStorageBytes, removeEngineStorage } from "../dockerfile/engine-storage.ts";
import { whileAloneWithCache } from "../cache-use.ts";
import { hexOf } from "../digest.ts";
import { forgetImage } from "../image-records.ts";
import { type CachedImage, type Inventory, readInventory } from "./inventory.ts";

const resumableForMs = 24 * 3_600_000;
const defaultPatienceMs = 60_000;

export interface PruneOptions {
  paths: Paths;
  /** Every image that no play uses, not only what has no name any more. Images of this installation stay. */
  all?: boolean;
  /** Then the images that were not used for longest go too, until the rest fits. */
  maxBytes?: number | undefined;
  /** How long to wait for others to finish their work with the cache. Default a minute. */
  patienceMs?: number;
  signal?: AbortSignal;
}

export interface PruneResult {
  /** All in all. */
  freedBytes: number;
  /** Of these: layers that builds had left for later builds. */
  laterBuildsBytes: number;
  /** By images; layers for later builds are not among it. */
  keptBytes: number;
  /** Names that are known no more. */
  removedImages: string[];
  removedDrives: number;
  removedBlobs: number;
}

/**
 * Removes from the cache what nothing leads to: no name, and no play that exists; base drives that an older version of
 * this program wrote are among it. Base drives below the drives of a play are never touched. Rejects with `image/in-use` when others keep working with the cache; a prune that is killed
 * leaves a cache that works.
 */
export async function pruneCache(options: PruneOptions): Promise<PruneResult> {
  const patience = AbortSignal.timeout(options.patienceMs ?? defaultPatienceMs);
  const signal = AbortSignal.any([patience, ...(options.signal ? [options.signal] : [])]);
  let isAlone = false;
  try {
    return await whileAloneWithCache(
      options.paths,
      () => {
        isAlone = true;
        return prune(options);
      },
      { signal },
    );
  } catch (error) {
    options.signal?.throwIfAborted();
    if (isAlone || !patience.aborted) throw error;
    throw new Problem("image/in-use", {
      message: "the image cache is in use: images are being pulled or drives written",
      hint: "Try again when that has ended.",
    });
  }
}

async function prune({ paths, all, maxBytes }: PruneOptions): Promise<PruneResult> {
  const before = await readInventory(paths);
  const kept = new Set(before.images.filter(image => all !== true || isNeeded(image)));
  if (maxBytes !== undefined) {
    const byAge = [...kept].filter(image => !isNeeded(image)).toSorted((a, b) => a.usedAtMs - b.usedAtMs);
    for (const image of byAge) {
      if (bytesOf(kept, before) <= maxBytes) break;
      kept.delete(image);
    }
  }
  const removedImages = before.images.filter(image => !kept.has(image));
  const drives = before.drives.filter(drive => !isDriveKept(drive, kept));
  const keptBlobs = new Set([...kept].flatMap(image => [...image.blobs]));
  const blobs = [...before.blobs.keys()].filter(hex => !keptBlobs.has(hex));
  // Names first: what they lead to may be incomplete from here on.
  for (const image of removedImages) await forgetImage(paths, image.name);
  for (const { key } of drives) {
    await rm(baseDriveRecordFile(paths, key), { force: true });
    await rm(join(baseDrivesDirectory(paths), key), { recursive: true, force: true });
  }
  for (const hex of blobs) await rm(join(blobsDirectory(paths), hex), { force: true });
  await removeVerdicts(paths, kept);
  await removeUnfinished(paths, all === true);
  const laterBuildsBytes = all === true ? await engineStorageBytes(paths) : 0;
  if (all === true) await removeEngineStorage(paths);
  const after = await readInventory(paths);
  return {
    freedBytes: Math.max(0, before.totalBytes - after.totalBytes) + laterBuildsBytes,
    laterBuildsBytes,
    keptBytes: after.totalBytes,
    removedImages: removedImages.map(image => image.name),
    removedDrives: drives.length,
    removedBlobs: blobs.length,
  };
}

/** What images are like that are not here any more. */
async function removeVerdicts(paths: Paths, kept: ReadonlySet<CachedImage>): Promise<void> {
  const names = new Set([...kept].flatMap(({ chainId }) => (chainId === undefined ? [] : [`${hexOf(chainId)}.json`])));
  for (const name of await readdir(imageVerdictsDirectory(paths)).catch((): string[] => [])) {
    if (!names.has(name)) await rm(join(imageVerdictsDirectory(paths), name), { force: true });
  }
}

/** Images of this installation are part of it, like its kernels. */
function isNeeded(image: CachedImage): boolean {
  return image.origin === "recipe" || image.plays.length > 0;
}

function isDriveKept(drive: Inventory["drives"][number], kept: ReadonlySet<CachedImage>): boolean {
  if (drive.plays.length > 0) return true;
  return drive.isCurrent && drive.chainId !== undefined && [...kept].some(image => image.chainId === drive.chainId);
}

function bytesOf(kept: ReadonlySet<CachedImage>, { blobs, drives }: Inventory): number {
  const hexes = new Set([...kept].flatMap(image => [...image.blobs]));
  const ofBlobs = [...hexes].reduce((total, hex) => total + (blobs.get(hex) ?? 0), 0);
  return drives.filter(drive => isDriveKept(drive, kept)).reduce((total, drive) => total + drive.bytes, ofBlobs);
}

/** Nobody else is at work, so whatever is unfinished was left behind. Young downloads may still be continued. */
async function removeUnfinished(paths: Paths, all: boolean): Promise<void> {
  await rm(imageWorkDirectory(paths), { recursive: true, force: true });
  for (const name of await readdir(baseDrivesDirectory(paths)).catch((): string[] => [])) {
    if (/^[0-9a-f]{64}$/.test(name)) continue;
    await rm(join(baseDrivesDirectory(paths), name), { recursive: true, force: true });
  }
  for (const name of await readdir(partialBlobsDirectory(paths)).catch((): string[] => [])) {
    const path = join(partialBlobsDirectory(paths), name);
    const found = await stat(path).catch(() => undefined);
    const isYoung = found !== undefined && Date.now() - found.mtimeMs < resumableForMs;
    if (all || !isYoung) await rm(path, { recursive: true, force: true });
  }
}

import { Problem } from "../api/problems.ts";
import { freeSpaceBytes, hostReserveBytes } from "../host/free-space.ts";
import type { Paths } from "../store/paths.ts";
import { blobSize } from "./blobs.ts";
import type { Digest } from "./digest.ts";
import { type UnpackRoom, unpackRoomOf } from "./layers/unpack-room.ts";
import type { LoadedImage } from "./load-image.ts";

export interface ImageRoomOptions {
  /** Of all layers together, unpacked. */
  maxBytes: number;
  /** Default: asked from the system. */
  freeBytes?: (directory: string) => Promise<number>;
}

/**
 * The room in which the layers of an image may be unpacked, one for all that are not in the store yet: what the
 * operator allows an image less what is there, and no more than the disk has free beside what must be downloaded and a
 * reserve. Undefined for layers that are there, whose size is known.
 *
 * Rejects with `image/too-large` or `host/disk-full` when it is known already that this is not enough.
 */
export async function roomForImage(
  paths: Paths,
  { name, layers }: Pick<LoadedImage, "name" | "layers">,
  { maxBytes, freeBytes = freeSpaceBytes }: ImageRoomOptions,
): Promise<(diffId: Digest) => UnpackRoom | undefined> {
  const missing = new Set<Digest>();
  let knownBytes = 0;
  let downloadBytes = 0;
  for (const { digest, diffId, sizeBytes } of new Map(layers.map(layer => [layer.diffId, layer])).values()) {
    const storedBytes = await blobSize(paths, diffId);
    // One that is not compressed says how large it is.
    knownBytes += storedBytes ?? (digest === diffId ? sizeBytes : 0);
    if (storedBytes !== undefined) continue;
    missing.add(diffId);
    if ((await blobSize(paths, digest)) === undefined) downloadBytes += sizeBytes;
  }
  const tooLarge = { code: "image/too-large", message: `${name} unpacks to more than ${maxBytes} bytes` } as const;
  if (knownBytes > maxBytes) throw new Problem(tooLarge.code, { message: tooLarge.message });
  if (missing.size === 0) return () => undefined;
  const usableBytes = (await freeBytes(paths.home)) - hostReserveBytes;
  const full = {
    code: "host/disk-full",
    message: `${name} needs more than ${paths.home} has free: ${formatMiB(Math.max(usableBytes, 0))} beside ${formatMiB(hostReserveBytes)} for the host`,
  } as const;
  if (downloadBytes > usableBytes) throw new Problem(full.code, { message: full.message });
  const allowedBytes = maxBytes - knownBytes;
  const diskBytes = usableBytes - downloadBytes;
  const room = allowedBytes <= diskBytes ? unpackRoomOf(allowedBytes, tooLarge) : unpackRoomOf(diskBytes, full);
  return diffId => (missing.has(diffId) ? room : undefined);
}

const formatMiB = (bytes: number) => `${Math.floor(bytes / 1024 ** 2)} MiB`;

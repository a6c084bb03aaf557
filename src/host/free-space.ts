import { statfs } from "node:fs/promises";

/** Left for the host itself, whose own services fail in odd ways on a full disk. */
export const hostReserveBytes = 512 * 1024 ** 2;

/** What an ordinary process may still write to the file system of `directory`. */
export async function freeSpaceBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

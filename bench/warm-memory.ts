import { open, rm } from "node:fs/promises";
import { join } from "node:path";

const chunk = Buffer.alloc(4 * 2 ** 20, 1);

/**
 * Makes sure that so many bytes of page cache can be had at the usual cost: writes a file of that size and removes it.
 *
 * A virtual machine that gives free memory back to its host (free page reporting) pays for the first touch of every page
 * that it takes again: 200 MB then cost half a second instead of 50 ms. Whoever happens to run first would pay for it.
 */
export async function warmMemory(directory: string, bytes: number): Promise<void> {
  const path = join(directory, "warm-memory");
  const file = await open(path, "wx");
  try {
    for (let written = 0; written < bytes; written += chunk.length) await file.write(chunk, 0, chunk.length, written);
  } finally {
    await file.close();
    await rm(path);
  }
}

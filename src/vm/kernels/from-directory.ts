import { cp, lstat } from "node:fs/promises";
import { join } from "node:path";
import type { FillKernelTree } from "./install.ts";

/** Where kernels and modules lie in a root file system. */
export const kernelPlaces = ["boot", "vmlinuz", "lib/modules", "usr/lib/modules"] as const;

/**
 * Takes a kernel from a directory laid out like a root file system, "/" itself included. Links are left out: they may
 * lead anywhere on this host.
 */
export function fromDirectory(directory: string): FillKernelTree {
  return async (tree, { signal }) => {
    for (const place of kernelPlaces) {
      signal.throwIfAborted();
      const source = join(directory, place);
      if ((await lstat(source).catch(() => undefined)) === undefined) continue;
      await cp(source, join(tree, place), {
        recursive: true,
        preserveTimestamps: true,
        filter: async path => isPlain(await lstat(path)),
      });
    }
    return { name: directory, version: "" };
  };
}

const isPlain = (entry: { isFile(): boolean; isDirectory(): boolean }) => entry.isFile() || entry.isDirectory();

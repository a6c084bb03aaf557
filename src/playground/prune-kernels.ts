import { defaults } from "../manifest/limits.ts";
import type { Paths } from "../store/paths.ts";
import { fetchedKernels, removeKernel } from "../vm/kernels/catalogue.ts";
import { kernelUsers } from "./kernel-users.ts";

/**
 * Removes the installed kernels that no play names and that are fetched anew when one does; returns their versions. The
 * default kernel stays, and so do those that somebody brought along.
 */
export async function pruneKernels(paths: Paths): Promise<string[]> {
  const users = await kernelUsers(paths, ["DESTROYED"]);
  const removed: string[] = [];
  for (const version of await fetchedKernels(paths)) {
    if (version === defaults.kernel || users.has(version)) continue;
    await removeKernel(version, paths);
    removed.push(version);
  }
  return removed;
}

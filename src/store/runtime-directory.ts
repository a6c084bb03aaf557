import { chmod, lstat, mkdir } from "node:fs/promises";
import { Problem } from "../api/problems.ts";
import type { Paths } from "./paths.ts";

/**
 * Afterwards the directory of the sockets exists and belongs to this user alone.
 *
 * It may lie below a directory that everybody writes to; what somebody else put there first is refused with
 * `host/runtime-directory-unsafe`, because whoever owns it could answer in the place of our runners.
 */
export async function ensureRuntimeDirectory(paths: Paths, uid = process.getuid?.() ?? 0): Promise<void> {
  await mkdir(paths.runtime, { recursive: true, mode: 0o700 });
  const found = await lstat(paths.runtime);
  if (!found.isDirectory() || found.uid !== uid) {
    throw new Problem("host/runtime-directory-unsafe", {
      message: `${paths.runtime} is not a directory of this user`,
    });
  }
  if ((found.mode & 0o077) !== 0) await chmod(paths.runtime, 0o700);
}

import { access, constants, realpath, stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { Problem } from "../api/problems.ts";

/**
 * The path at which a file for `output` may appear by rename. A file that is there is replaced, behind a link too.
 * Anything else is not: a device of that name would be gone, and its disk not written.
 */
export async function diskFilePlace(output: string): Promise<string> {
  const unusable = (why: string) =>
    new Problem("image/output-unusable", { message: `"${output}" cannot be written: ${why}` });
  if (output === "" || output.endsWith("/")) throw unusable("it is not the name of a file");
  const existing = await stat(output).catch(() => undefined);
  if (existing?.isDirectory()) throw unusable("it is a directory");
  if (existing !== undefined && !existing.isFile()) throw unusable("something that is no file is there already");
  const absolute = resolve(output);
  const parent = dirname(absolute);
  try {
    const place = existing === undefined ? `${await realpath(parent)}/${basename(absolute)}` : await realpath(absolute);
    await access(dirname(place), constants.W_OK | constants.X_OK);
    return place;
  } catch (cause) {
    throw unusable(`the directory ${parent} does not exist or is not writable (${(cause as Error).message})`);
  }
}

import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Problem } from "../../api/problems.ts";

export interface BuildContext {
  /** Absolute */
  directory: string;
  /** Absolute */
  dockerfile: string;
}

/**
 * Looks up what a build names: engines differ in which files they try and in what they say. A Dockerfile that is named
 * is looked for from here, then in the directory.
 */
export async function findBuildContext(given: string, dockerfile: string | undefined): Promise<BuildContext> {
  const directory = resolve(given);
  const found = await statOf(directory);
  if (!found?.isDirectory()) {
    const how = found === undefined ? "does not exist" : "is not a directory";
    throw new Problem("image/source-unreadable", {
      message: `${given} ${how}, so nothing can be built of it`,
      hint: "Name the directory that holds the Dockerfile and the files that it copies.",
    });
  }
  const candidates =
    dockerfile === undefined
      ? [join(directory, "Dockerfile"), join(directory, "Containerfile")]
      : [resolve(dockerfile), resolve(directory, dockerfile)];
  for (const path of candidates) if ((await statOf(path))?.isFile()) return { directory, dockerfile: path };
  throw new Problem("image/source-unreadable", {
    message: `there is no Dockerfile (looked at ${[...new Set(candidates)].join(", ")})`,
    hint: "Name it with --file.",
  });
}

function statOf(path: string) {
  return stat(path).catch(() => undefined);
}

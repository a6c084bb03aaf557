import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "../../lib/log.ts";
import { readBuiltIn } from "../../manifest/built-in.ts";
import { problemOfFindings } from "../../manifest/problem.ts";
import type { StoredPlayground } from "./stored-playground.ts";

/**
 * The playgrounds that came with this installation: one manifest a file. A file that cannot be used is reported in the
 * log and left out; the others still work.
 */
export async function loadBuiltInPlaygrounds(directory: string, log: Log): Promise<StoredPlayground[]> {
  const files = (await readdir(directory)).filter(file => file.endsWith(".yaml")).sort();
  const loaded = await Promise.all(files.map(file => load(join(directory, file), log)));
  return loaded.filter(playground => playground !== undefined);
}

async function load(file: string, log: Log): Promise<StoredPlayground | undefined> {
  const [source, { mtimeMs }] = await Promise.all([readFile(file), stat(file)]);
  const { manifest, findings, offers } = readBuiltIn(source);
  if (manifest === undefined) {
    log.error({ file, findings, problem: problemOfFindings(findings)?.message }, "a built-in playground is left out");
    return undefined;
  }
  const changedAtMs = Math.round(mtimeMs);
  return {
    id: manifest.name,
    name: manifest.name,
    owner: "",
    base: manifest.base ?? "",
    manifest,
    offers,
    createdAtMs: changedAtMs,
    updatedAtMs: changedAtMs,
  };
}

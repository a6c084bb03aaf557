import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Paths, scriptBuildsDirectory } from "../store/paths.ts";
import type { Engine } from "./engine/engine.ts";

/** On every container of a build: which home it belongs to, and which build. */
const homeLabel = "labyard.home";
const buildLabel = "labyard.build";

/** The private directory of one build. Its name is the build's id. */
export interface BuildWork extends AsyncDisposable {
  id: string;
  directory: string;
  labels: Record<string, string>;
}

/** Makes the directory of a new build and removes those of builds whose process has gone. */
export async function openBuildWork(paths: Paths): Promise<BuildWork> {
  const parent = scriptBuildsDirectory(paths);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  for (const id of await readdir(parent)) {
    if (!(await isAlive(id))) await rm(join(parent, id), { recursive: true, force: true });
  }
  // The name says whose it is from its first moment on, so that no sweep takes a directory for an orphan.
  const id = `${process.pid}-${(await startTimeOf(process.pid)) ?? "0"}-${randomBytes(4).toString("hex")}`;
  const directory = join(parent, id);
  await mkdir(directory, { mode: 0o700 });
  return {
    id,
    directory,
    labels: { [homeLabel]: await homeDigest(paths), [buildLabel]: id },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

/** Removes containers that a build of this home left behind when its process was killed. Returns how many. */
export async function sweepContainers(paths: Paths, engine: Engine, signal: AbortSignal): Promise<number> {
  let swept = 0;
  for (const { id, labels } of await engine.list(homeLabel, await homeDigest(paths), signal)) {
    const build = labels[buildLabel];
    if (build === undefined || (await isAlive(build))) continue;
    await engine.remove(id, signal);
    swept++;
  }
  return swept;
}

/** An engine may serve several homes and hosts: only what this home made on this host is swept. */
async function homeDigest(paths: Paths): Promise<string> {
  const machine = await readFile("/etc/machine-id", "utf8").catch(() => "");
  return createHash("sha256").update(`${machine.trim()}\n${paths.home}`).digest("hex").slice(0, 32);
}

async function isAlive(id: string): Promise<boolean> {
  const [pid, startTime] = id.split("-");
  return /^\d+$/.test(pid ?? "") && (await startTimeOf(Number(pid))) === startTime;
}

/** Clock ticks since boot, field 22 of stat (proc(5)); a process id alone is used again. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  return text?.slice(text.lastIndexOf(")") + 2).split(" ")[19];
}

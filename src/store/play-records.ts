import { appendFileSync } from "node:fs";
import { mkdir, readdir, readFile } from "node:fs/promises";
import type { PlayState, StateEvent } from "../api/play-state.ts";
import { writeFileAtomic } from "../lib/atomic-file.ts";
import { eventsFile, type Paths, playDirectory, playsDirectory, stateFile } from "./paths.ts";

const playIdPattern = /^[0-9a-f]{24}$/;

export async function listPlayIds(paths: Paths): Promise<string[]> {
  const names = await readdir(playsDirectory(paths)).catch(() => [] as string[]);
  return names.filter(name => playIdPattern.test(name)).sort();
}

export async function createPlayDirectory(paths: Paths, playId: string): Promise<void> {
  await mkdir(playDirectory(paths, playId), { recursive: true, mode: 0o700 });
}

/** Writes one JSON document of the play; readers see the old or the new one. */
export async function writeRecord(file: string, value: unknown): Promise<void> {
  await writeFileAtomic(file, `${JSON.stringify(value, null, 1)}\n`, 0o600);
}

/** undefined when the file does not exist; throws when it cannot be read or parsed. */
export async function readRecord<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Like readRecord, for a document without which nothing can go on. */
export async function readRequired<T>(file: string): Promise<T> {
  const value = await readRecord<T>(file);
  if (value === undefined) throw new Error(`${file} is missing`);
  return value;
}

export const readPlayState = (paths: Paths, playId: string) => readRecord<PlayState>(stateFile(paths, playId));

/** The history of states, for people and for support; state.json carries the same events. */
export function appendStateEvent(paths: Paths, playId: string, event: StateEvent): void {
  appendFileSync(eventsFile(paths, playId), `${JSON.stringify(event)}\n`, { mode: 0o600 });
}

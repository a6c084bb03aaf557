import { appendFileSync, closeSync, fsyncSync, openSync, readFileSync } from "node:fs";
import { ledgerFile, type Paths } from "./paths.ts";

/**
 * What a play is about to acquire outside its namespaces. Bridges, taps, mounts and children inside them need no
 * entry: they die with the namespaces.
 */
export type LedgerEntry =
  /** Every process whose environment carries this play's id. */
  | { kind: "processes" }
  /** A file or directory that must not outlive the runner, e.g. its socket or a directory of unfinished drives. */
  | { kind: "path"; path: string };

type LedgerLine = { at: string; acquire: LedgerEntry } | { at: string; release: LedgerEntry };

/** Written before the acquisition happens, so that after a crash the reaper knows everything that may exist. */
export function recordAcquisition(paths: Paths, playId: string, entry: LedgerEntry): void {
  append(paths, playId, { at: new Date().toISOString(), acquire: entry });
}

export function recordRelease(paths: Paths, playId: string, entry: LedgerEntry): void {
  append(paths, playId, { at: new Date().toISOString(), release: entry });
}

/** What may still exist, newest first. A last line cut off by a crash is ignored: its acquisition never began. */
export function outstandingEntries(paths: Paths, playId: string): LedgerEntry[] {
  let text: string;
  try {
    text = readFileSync(ledgerFile(paths, playId), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const outstanding = new Map<string, LedgerEntry>();
  for (const line of text.split("\n")) {
    const parsed = parseLine(line);
    if (parsed === undefined) continue;
    if ("acquire" in parsed) {
      const key = JSON.stringify(parsed.acquire);
      // Re-inserted so that the order is that of the newest acquisition.
      outstanding.delete(key);
      outstanding.set(key, parsed.acquire);
    } else {
      outstanding.delete(JSON.stringify(parsed.release));
    }
  }
  return [...outstanding.values()].reverse();
}

function parseLine(line: string): LedgerLine | undefined {
  if (line === "") return undefined;
  try {
    return JSON.parse(line) as LedgerLine;
  } catch {
    return undefined;
  }
}

function append(paths: Paths, playId: string, line: LedgerLine): void {
  const file = openSync(ledgerFile(paths, playId), "a", 0o600);
  try {
    // A line that a crash cut off must not swallow this one.
    appendFileSync(file, `\n${JSON.stringify(line)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

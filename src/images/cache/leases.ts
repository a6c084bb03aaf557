import { open, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { currentState } from "../../api/play-state.ts";
import { type Paths, planFile, playDirectory, preparedFile } from "../../store/paths.ts";
import { listPlayIds, readPlayState, readRecord } from "../../store/play-records.ts";

/** What one play needs of the image cache for as long as it exists. */
export interface Lease {
  playId: string;
  /** Directories of base drives that its drives lie on. */
  bases: Set<string>;
  /** As its manifest names them. */
  sources: Set<string>;
}

interface PlanPart {
  machines: Array<{ drives: Array<{ source?: string }> }>;
}

interface PreparedPart {
  machines: Record<string, { bases: Record<string, { path: string }> }>;
}

/**
 * The leases of all plays that are not destroyed. They are read from what the plays themselves wrote: sources from
 * the plan (so a play that is about to start counts), base drives from its preparation and from its drives.
 */
export async function readLeases(paths: Paths): Promise<Lease[]> {
  const leases: Lease[] = [];
  for (const playId of await listPlayIds(paths)) {
    const state = await readPlayState(paths, playId);
    if (state !== undefined && currentState(state) === "DESTROYED") continue;
    const plan = await readRecord<PlanPart>(planFile(paths, playId));
    const prepared = await readRecord<PreparedPart>(preparedFile(paths, playId));
    const drives = (plan?.machines ?? []).flatMap(machine => machine.drives);
    const bases = Object.values(prepared?.machines ?? {}).flatMap(machine => Object.values(machine.bases));
    leases.push({
      playId,
      sources: new Set(drives.flatMap(({ source }) => (source === undefined ? [] : [source]))),
      bases: new Set(
        [...bases.map(({ path }) => path), ...(await backingFiles(join(playDirectory(paths, playId), "machines")))].map(
          path => dirname(path),
        ),
      ),
    });
  }
  return leases;
}

async function backingFiles(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  const found = entries
    .filter(entry => entry.isFile() && entry.name.endsWith(".qcow2"))
    .map(entry => backingFile(join(entry.parentPath, entry.name)));
  return (await Promise.all(found)).filter(path => path !== undefined);
}

const qcow2Magic = 0x514649fb;
const maxNameBytes = 1023;

/** The backing file that the header of a qcow2 drive names. */
async function backingFile(path: string): Promise<string | undefined> {
  await using file = await open(path, "r");
  const header = Buffer.alloc(20);
  await file.read(header, 0, header.length, 0);
  if (header.readUInt32BE(0) !== qcow2Magic) return undefined;
  const offset = Number(header.readBigUInt64BE(8));
  const length = header.readUInt32BE(16);
  if (offset === 0 || length === 0 || length > maxNameBytes) return undefined;
  const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, offset);
  return bytesRead === length ? buffer.toString("utf8") : undefined;
}

import type { PlayAction } from "../../api/contract/actions.ts";
import { Problem } from "../../api/problems.ts";
import type { Manifest } from "../../manifest/schema.ts";
import type { Plays } from "../../playground/plays.ts";
import type { Database } from "../../store/database/open-database.ts";
import { deleteAccessOfPlay } from "../../store/database/play-access.ts";
import { findPlay, type PlayRow, updatePlay } from "../../store/database/plays.ts";
import type { Quotas } from "./quotas.ts";

export interface PlayActionDeps {
  database: Database;
  plays: Plays;
  quotas: Pick<Quotas, "admit">;
  now: () => number;
  /** Told when a play's expiry may have changed. */
  onExpiryChanged: () => void;
  /** Told when a resting play may have come to life. */
  onPlayChanged: (playId: string) => void;
}

/** Actions that change the play; the consoles only read. */
export type ChangingAction = Exclude<PlayAction, { action: "machine.console.list" | "machine.console.read" }>;

/** Does it and returns the play as it is then. Rejects as Plays does, and changes nothing in that case. */
export async function changePlay(row: PlayRow, action: ChangingAction, deps: PlayActionDeps): Promise<PlayRow> {
  const { database, now } = deps;
  const change = await perform(row, action, deps);
  await updatePlay(database, row.id, { ...change, updated_at: now() });
  if (action.action === "destroy") await deleteAccessOfPlay(database, row.id);
  deps.onExpiryChanged();
  deps.onPlayChanged(row.id);
  return (await findPlay(database, row.id)) ?? row;
}

type Change = Parameters<typeof updatePlay>[2];

async function perform(row: PlayRow, action: ChangingAction, deps: PlayActionDeps): Promise<Change> {
  const { plays, quotas } = deps;
  const nowMs = deps.now();
  switch (action.action) {
    case "stop":
      await plays.stop(row.id);
      return {};
    case "restart":
      await quotas.admit({ ...row, manifest: JSON.parse(row.manifest) as Manifest }, () => plays.restart(row.id));
      // A restart begins a new span: an expired play would otherwise be stopped again at once.
      return { expires_at: nowMs + row.max_play_time_ms, expired_at: null };
    case "destroy":
      await destroyIfPresent(row.id, plays);
      return { destroyed_at: row.destroyed_at ?? nowMs };
    case "make_persistent":
      return { persistent: 1 };
    case "set_title":
      return { title: action.title };
    case "set_max_play_time": {
      const maxPlayTimeMs = action.maxPlayTimeMinutes * 60_000;
      const startedAtMs = row.expires_at - row.max_play_time_ms;
      return { max_play_time_ms: maxPlayTimeMs, expires_at: startedAtMs + maxPlayTimeMs, expired_at: null };
    }
    case "machine.reboot":
    case "machine.stop":
    case "machine.restart":
      requireMachine(row, action.machine);
      await plays.machineAction(row.id, action.machine, machineVerbs[action.action]);
      return {};
  }
}

const machineVerbs = {
  "machine.reboot": "reboot",
  "machine.stop": "stop",
  "machine.restart": "restart",
} as const;

/** A play whose files were removed by hand can still be laid to rest. */
async function destroyIfPresent(playId: string, plays: Plays): Promise<void> {
  try {
    await plays.destroy(playId);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "server/not-found") throw error;
  }
}

/** Throws a 404 that names the machines there are. */
export function requireMachine(row: PlayRow, machine: string): Manifest["playground"]["machines"][number] {
  const { machines } = (JSON.parse(row.manifest) as Manifest).playground;
  const found = machines.find(({ name }) => name === machine);
  if (found) return found;
  throw new Problem("server/not-found", {
    message: `This play has no machine "${machine}" (it has: ${machines.map(({ name }) => name).join(", ")})`,
  });
}

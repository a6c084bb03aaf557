import type { PortForwardJson, SavePortForwardBody } from "../../api/contract/tunnels.ts";
import { Problem } from "../../api/problems.ts";
import type { Manifest } from "../../manifest/schema.ts";
import type { Database } from "../../store/database/open-database.ts";
import {
  insertPortForwards,
  listPortForwards,
  type PortForwardRow,
  updateLocalEnd,
} from "../../store/database/port-forwards.ts";
import { newId } from "../auth/secrets.ts";

const maxPerPlay = 50;
const sshPort = 22;

/** What a new play remembers from its manifest. */
export function portForwardsOfManifest(playId: string, manifest: Manifest, nowMs: number): PortForwardRow[] {
  const forwards = manifest.playground.portForwards ?? [];
  return forwards.slice(0, maxPerPlay).map((forward, index) => forwardRow(playId, forward, index, nowMs));
}

/**
 * Remembers a forward unless it is there already. Every `cp` and `ssh-proxy` of the official client saves one to port
 * 22 with a local port of its own: of those a machine keeps the last.
 */
export async function saveForward(
  database: Database,
  playId: string,
  body: SavePortForwardBody,
  nowMs: number,
): Promise<PortForwardJson> {
  const { kind } = body;
  if (kind !== "local" && kind !== "remote") {
    throw new Problem("server/bad-request", { message: `A port forward is local or remote, not "${kind}"` });
  }
  const saved = await listPortForwards(database, playId);
  const row = forwardRow(playId, { ...body, kind }, (saved.at(-1)?.position ?? -1) + 1, nowMs);
  const needed = row.kind === "local" ? "remotePort" : "localPort";
  if ((row.kind === "local" ? row.remote_port : row.local_port) === null) {
    throw new Problem("server/bad-request", { message: `A ${row.kind} port forward needs ${needed}` });
  }
  const json = forwardJson(row);
  if (saved.some(each => JSON.stringify(forwardJson(each)) === JSON.stringify(json))) return json;
  const toSshd = (each: PortForwardRow) =>
    each.kind === "local" && each.machine === row.machine && each.remote_host === null && each.remote_port === sshPort;
  const former = toSshd(row) ? saved.find(toSshd) : undefined;
  if (former !== undefined) await updateLocalEnd(database, former.id, row);
  else if (saved.length < maxPerPlay) await insertPortForwards(database, [row]);
  else throw new Problem("server/too-many-port-forwards");
  return json;
}

export function forwardJson(row: PortForwardRow): PortForwardJson {
  return {
    kind: row.kind,
    machine: row.machine,
    ...(row.local_host === null ? {} : { localHost: row.local_host }),
    ...(row.local_port === null ? {} : { localPort: row.local_port }),
    ...(row.remote_host === null ? {} : { remoteHost: row.remote_host }),
    ...(row.remote_port === null ? {} : { remotePort: row.remote_port }),
  };
}

function forwardRow(
  playId: string,
  forward: Omit<SavePortForwardBody, "kind"> & Pick<PortForwardRow, "kind">,
  position: number,
  nowMs: number,
): PortForwardRow {
  return {
    id: newId(),
    play_id: playId,
    position,
    kind: forward.kind,
    machine: forward.machine,
    // "" and 0 are how clients say nothing.
    local_host: forward.localHost || null,
    local_port: forward.localPort || null,
    remote_host: forward.remoteHost || null,
    remote_port: forward.remotePort || null,
    created_at: nowMs,
  };
}

import pLimit from "p-limit";
import type { PlayJson } from "../../api/contract/plays.ts";
import type { PlayState } from "../../api/play-state.ts";
import { Problem } from "../../api/problems.ts";
import type { HostFacts } from "../../plan/plan.ts";
import type { Plays } from "../../playground/plays.ts";
import type { Database } from "../../store/database/open-database.ts";
import { findPlay, listPlays, type PlayRow } from "../../store/database/plays.ts";
import { listPorts } from "../../store/database/ports.ts";
import type { Requester } from "../auth/requester.ts";
import type { Origins } from "../origins.ts";
import { lostState, playJson } from "./play-json.ts";

/** Destroyed plays stay in lists for an hour, readable they stay for good. */
const destroyedListedMs = 60 * 60_000;
const maxListed = 500;

export interface OwnedPlaysOptions {
  database: Database;
  plays: Plays;
  origins: Origins;
  limits: HostFacts["limits"];
  now: () => number;
}

/** Plays as people meet them: who owns which, and what each looks like from outside. */
export class OwnedPlays {
  readonly #options: OwnedPlaysOptions;
  readonly #readStates = pLimit(8);

  constructor(options: OwnedPlaysOptions) {
    this.#options = options;
  }

  /** The play, for its owner and administrators; to everyone else it does not exist. */
  async require(playId: string, requester: Pick<Requester, "userId" | "administrator">): Promise<PlayRow> {
    const row = await findPlay(this.#options.database, playId);
    if (row !== undefined && (row.owner === requester.userId || requester.administrator)) return row;
    throw new Problem("server/not-found", { message: `There is no play ${playId}` });
  }

  async state(row: PlayRow): Promise<PlayState> {
    return (await this.#options.plays.state(row.id)) ?? lostState(row);
  }

  /** What is known of a play without files; undefined when there never was such a play. */
  async lostState(playId: string): Promise<PlayState | undefined> {
    const row = await findPlay(this.#options.database, playId);
    return row && lostState(row);
  }

  async json(row: PlayRow, appUrl: string): Promise<PlayJson> {
    const { origins, database, limits, now } = this.#options;
    const [state, ports] = await Promise.all([this.state(row), listPorts(database, row.id)]);
    const portUrl = (label: string) => origins.portUrl(label, appUrl);
    return playJson(row, { state, ports, limits, appUrl, portUrl, nowMs: now() });
  }

  async list(owner: string, persistent: boolean | undefined, appUrl: string): Promise<PlayJson[]> {
    const { database, now } = this.#options;
    const rows = await listPlays(database, {
      owner,
      ...(persistent === undefined ? {} : { persistent }),
      destroyedSince: now() - destroyedListedMs,
      limit: maxListed,
    });
    return Promise.all(rows.map(row => this.#readStates(() => this.json(row, appUrl))));
  }
}

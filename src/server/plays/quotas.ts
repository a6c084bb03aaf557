import pLimit from "p-limit";
import type { Quotas as QuotasJson } from "../../api/contract/account.ts";
import type { Warning } from "../../api/contract/common.ts";
import { currentState, type PlayState } from "../../api/play-state.ts";
import { Problem } from "../../api/problems.ts";
import type { NoticeCode } from "../../api/problems/notices.ts";
import type { Manifest } from "../../manifest/schema.ts";
import { formatSize } from "../../manifest/size.ts";
import type { HostFacts } from "../../plan/plan.ts";
import type { Plays } from "../../playground/plays.ts";
import type { Database } from "../../store/database/open-database.ts";
import { listExistingPlays } from "../../store/database/plays.ts";
import type { ServerConfig } from "../config.ts";
import { resourcesOfPlay } from "./effective-resources.ts";
import { isActive } from "./play-status.ts";

/** Guests take memory as they touch it, and few touch all: so much more than it has the host may promise. */
const overcommit = 2;

export interface QuotasOptions {
  database: Database;
  plays: Pick<Plays, "state">;
  /** Those of a machine and a play as the plans get them: no more than the host has. */
  limits: ServerConfig["limits"];
  maxActivePerUser: number;
  hostMemoryMiB: number;
}

interface QuotaPlay {
  id: string;
  owner: string;
  manifest: Manifest;
  /** Of one that starts, where it is held to tighter limits than others. */
  limits?: HostFacts["limits"];
}

interface Use {
  playId: string;
  owner: string;
  vcpus: number;
  memoryMiB: number;
}

/** Decides whether there is room for one more play: for its owner, and on the host. */
export class Quotas {
  readonly #options: QuotasOptions;
  readonly #oneAtATime = pLimit(1);
  readonly #readStates = pLimit(8);
  /** Admitted, but perhaps not yet seen among the active plays. */
  readonly #starting = new Map<string, Use>();

  constructor(options: QuotasOptions) {
    this.#options = options;
  }

  /**
   * Runs `start` when there is room, and keeps the room reserved until it is done. Rejects with
   * `server/too-many-plays`, `server/quota-exceeded` or `server/host-full` otherwise; nothing has happened then.
   */
  async admit<T>(play: QuotaPlay, start: (warnings: Warning[]) => Promise<T>) {
    const use = this.#use(play, await this.#options.plays.state(play.id));
    const warnings = await this.#oneAtATime(async () => {
      const found = this.#judge(use, await this.#activeUses(use.playId));
      this.#starting.set(use.playId, use);
      return found;
    });
    try {
      return await start(warnings);
    } finally {
      this.#starting.delete(use.playId);
    }
  }

  async usage(userId: string): Promise<QuotasJson> {
    const { limits, maxActivePerUser } = this.#options;
    const all = await this.#activeUses();
    const own = all.filter(({ owner }) => owner === userId);
    return {
      activePlays: { used: own.length, limit: maxActivePerUser },
      vcpus: { used: sum(own, "vcpus"), limit: limits.user.vcpus },
      memoryMiB: { used: sum(own, "memoryMiB"), limit: limits.user.memoryMiB },
      hostMemoryMiB: { used: sum(all, "memoryMiB"), limit: this.#hostLimitMiB },
    };
  }

  /** By owner. */
  async activePlays(): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const { owner } of await this.#activeUses()) counts.set(owner, (counts.get(owner) ?? 0) + 1);
    return counts;
  }

  get #hostLimitMiB(): number {
    return this.#options.limits.host.memoryMiB ?? this.#options.hostMemoryMiB * overcommit;
  }

  #judge(wanted: Use, active: readonly Use[]): (Warning & { code: NoticeCode })[] {
    const { limits, maxActivePerUser, hostMemoryMiB } = this.#options;
    const own = active.filter(({ owner }) => owner === wanted.owner);
    if (own.length >= maxActivePerUser) {
      throw new Problem("server/too-many-plays", {
        message: `You have ${own.length} active plays, and ${maxActivePerUser} is the limit here`,
      });
    }
    const vcpus = sum(own, "vcpus");
    if (vcpus + wanted.vcpus > limits.user.vcpus) {
      throw new Problem("server/quota-exceeded", {
        message: `This play needs ${wanted.vcpus} vCPUs; your active plays have ${vcpus}, and ${limits.user.vcpus} is the limit for one person here`,
      });
    }
    const memoryMiB = sum(own, "memoryMiB");
    if (memoryMiB + wanted.memoryMiB > limits.user.memoryMiB) {
      throw new Problem("server/quota-exceeded", {
        message:
          `This play needs ${formatSize(wanted.memoryMiB)} of memory; your active plays have ${size(memoryMiB)}, ` +
          `and ${formatSize(limits.user.memoryMiB)} is the limit for one person here`,
      });
    }
    const all = sum(active, "memoryMiB");
    // The only play is let in whatever it asks: it was scaled down to what the host has.
    if (active.length > 0 && all + wanted.memoryMiB > this.#hostLimitMiB) {
      throw new Problem("server/host-full", {
        message:
          `This play needs ${formatSize(wanted.memoryMiB)} of memory; all active plays have ${size(all)}, ` +
          `and ${formatSize(this.#hostLimitMiB)} is the limit of this host`,
      });
    }
    if (all + wanted.memoryMiB <= hostMemoryMiB) return [];
    return [
      {
        code: "resources/host-memory-tight",
        message:
          `The machines of all active plays together may use ${formatSize(all + wanted.memoryMiB)}, ` +
          `more than the ${formatSize(hostMemoryMiB)} of this host: if they do, some will be slow or end`,
      },
    ];
  }

  #use({ id, owner, manifest, limits = this.#options.limits }: QuotaPlay, state: PlayState | undefined): Use {
    return { playId: id, owner, ...resourcesOfPlay(manifest, state, limits) };
  }

  async #activeUses(exceptId?: string): Promise<Use[]> {
    const rows = await listExistingPlays(this.#options.database);
    const others = rows.filter(({ id }) => id !== exceptId && !this.#starting.has(id));
    const uses = await Promise.all(
      others.map(row =>
        this.#readStates(async (): Promise<Use | undefined> => {
          const state = await this.#options.plays.state(row.id);
          // Failed ones only wait to be looked at.
          if (state === undefined || !isActive(state) || currentState(state) === "FAILED") return undefined;
          return this.#use({ ...row, manifest: JSON.parse(row.manifest) as Manifest }, state);
        }),
      ),
    );
    return [...uses.filter(use => use !== undefined), ...this.#starting.values()];
  }
}

function sum(uses: readonly Use[], what: "vcpus" | "memoryMiB"): number {
  return uses.reduce((total, use) => total + use[what], 0);
}

const size = (memoryMiB: number) => (memoryMiB === 0 ? "none" : formatSize(memoryMiB));

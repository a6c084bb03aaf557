import { randomBytes } from "node:crypto";
import type { CreatePlayBody } from "../../api/contract/plays.ts";
import { resolveInitConditions } from "../../manifest/init-condition-values.ts";
import { problemOfFindings } from "../../manifest/problem.ts";
import { tighterLimits } from "../../plan/limits.ts";
import type { HostFacts } from "../../plan/plan.ts";
import { deletePlay, insertPlay, type PlayRow } from "../../store/database/plays.ts";
import { insertPortForwards } from "../../store/database/port-forwards.ts";
import { insertPorts } from "../../store/database/ports.ts";
import type { Requester } from "../auth/requester.ts";
import { judgeManifest, readManifestBody } from "../playgrounds/judge-manifest.ts";
import { portsOfTabs } from "../ports/exposed-port.ts";
import type { Services } from "../services.ts";
import { portForwardsOfManifest } from "../tunnels/saved-forwards.ts";
import { planTabsOf } from "./play-json.ts";

/** What the small plan of the hosted platform allows; taken on demand. */
const freeTier: HostFacts["limits"] = { machine: { vcpus: 2, memoryMiB: 4096 }, play: { vcpus: 5, memoryMiB: 8192 } };

type StartServices = Pick<
  Services,
  "catalogue" | "config" | "database" | "limits" | "quotas" | "plays" | "expiry" | "now"
>;

/**
 * Starts a playground for this person: overrides merged, everything checked and init conditions resolved before
 * anything is acquired. Resolves once the play is recorded; when it rejects, there is no play.
 */
export async function startPlay(body: CreatePlayBody, requester: Requester, services: StartServices): Promise<PlayRow> {
  const { catalogue, config, database, quotas, plays, expiry, now } = services;
  const { playground } = await catalogue.require(body.playground, requester, ["canStart"]);
  const { playground: _name, initConditions: given, ...overrides } = body;
  const { manifest, warnings: said } = judgeManifest(readManifestBody(overrides), {
    for: "start",
    base: playground.manifest,
    offers: await catalogue.offersOf(playground),
    knownKernels: await plays.kernels(),
  });
  const limits = body.asFreeTierUser ? tighterLimits(services.limits, freeTier) : services.limits;
  const { values, findings } = resolveInitConditions(manifest, given ?? {});
  const problem = problemOfFindings(findings);
  if (problem) throw problem;

  const nowMs = now();
  const maxPlayTimeMs = config.plays.maxPlayTimeMinutes * 60_000;
  const row: PlayRow = {
    id: randomBytes(12).toString("hex"),
    owner: requester.userId,
    playground: playground.name,
    playground_owner: playground.owner,
    manifest: JSON.stringify(manifest),
    init_conditions: JSON.stringify(values),
    warnings: "[]",
    title: manifest.title,
    persistent: 0,
    max_play_time_ms: maxPlayTimeMs,
    created_at: nowMs,
    updated_at: nowMs,
    expires_at: nowMs + maxPlayTimeMs,
    expired_at: null,
    destroyed_at: null,
  };
  const started = await quotas.admit({ id: row.id, owner: row.owner, manifest, limits }, async warnings => {
    const admitted = { ...row, warnings: JSON.stringify([...said, ...warnings]) };
    // The row first: a play that runs but belongs to nobody could not even be stopped.
    await insertPlay(database, admitted);
    try {
      await insertPorts(database, portsOfTabs(row.id, planTabsOf(manifest), nowMs));
      await insertPortForwards(database, portForwardsOfManifest(row.id, manifest, nowMs));
      await plays.create({ playId: row.id, manifest, initConditions: values, limits });
    } catch (error) {
      await deletePlay(database, row.id);
      throw error;
    }
    return admitted;
  });
  expiry.refresh();
  return started;
}

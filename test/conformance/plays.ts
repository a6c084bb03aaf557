import { readFile } from "node:fs/promises";
import { currentState, type PlayState } from "../../src/api/play-state.ts";
import { parseManifestYaml } from "../../src/manifest/parse.ts";
import { manifestToRequestBody } from "../../src/manifest/playground-json.ts";
import { bootMs } from "../fixtures/patience.ts";
import { isReady, untilState } from "../fixtures/play.ts";
import { dataDigest } from "./data-image.ts";
import type { World } from "./row.ts";

/** What `manifests/<name>.yaml` says in this run, as a client sends it. */
export async function requestBody(name: string, { registry }: World): Promise<Record<string, unknown>> {
  const text = await readFile(new URL(`manifests/${name}.yaml`, import.meta.url), "utf8");
  const filled = text
    .replaceAll("REGISTRY_PORT", new URL(`http://${registry.host}`).port)
    .replaceAll("REGISTRY", registry.host)
    .replaceAll("DIGEST", dataDigest);
  const { input } = parseManifestYaml(filled);
  if (input === undefined) throw new Error(`${name}.yaml is not a manifest`);
  return manifestToRequestBody(input);
}

/** Saves the manifest as a playground; resolves with its full name. */
export async function savePlayground(name: string, world: World): Promise<string> {
  const body = await requestBody(name, world);
  return (await world.server.client.createPlayground({ ...body, name: `conformance-${name}`, base: "flexbox" })).name;
}

/** Starts a play of the manifest and remembers it in `world.plays`. */
export async function startPlay(
  name: string,
  world: World,
  initConditions: Record<string, string> = {},
): Promise<string> {
  const playground = await savePlayground(name, world);
  const { id } = await world.server.client.createPlay({ playground, initConditions });
  world.plays.set(name, id);
  return id;
}

export function playOf(name: string, { plays }: World): string {
  const id = plays.get(name);
  if (id === undefined) throw new Error(`the play of ${name}.yaml has not been started`);
  return id;
}

/** Waits for what several machines do at once, which takes an emulating host its time. */
export function until(
  { server }: World,
  playId: string,
  what: string,
  condition: (state: PlayState) => boolean,
): Promise<PlayState> {
  return untilState(server, playId, what, condition, 3 * bootMs);
}

/** Switches the play off and on again, and waits until it answers. */
export async function restartPlay(playId: string, world: World): Promise<void> {
  const isIn = (name: string) => (state: PlayState) => currentState(state) === name;
  const { client } = world.server;
  await client.act(playId, { action: "stop" });
  await until(world, playId, "stopped", isIn("STOPPED"));
  await client.act(playId, { action: "restart" });
  await until(world, playId, "ready", isReady);
}

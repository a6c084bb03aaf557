import { readFile } from "node:fs/promises";
import { currentState, type PlayState } from "../../src/api/play-state.ts";
import { parseManifestYaml } from "../../src/manifest/parse.ts";
import { manifestToRequestBody } from "../../src/manifest/playground-json.ts";
import { changeMs } from "../fixtures/patience.ts";
import { isReady, untilState } from "../fixtures/play.ts";
import { dataDigest } from "./data-image.ts";
import type { World } from "./row.ts";

/** What `manifests/<name>.yaml` says in this run, as a client sends it. */
export async function requestBody(name: string, { registry }: World): Promise<Record<string, unknown>> {
  const text = await readFile(new URL(`manifests/${name}.yaml`, import.meta.url), "utf8");
  const { input } = parseManifestYaml(text.replaceAll("REGISTRY", registry.host).replaceAll("DIGEST", dataDigest));
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

/** Switches the play off and on again, and waits until it answers. */
export async function restartPlay(playId: string, { server }: World): Promise<void> {
  const isIn = (name: string) => (state: PlayState) => currentState(state) === name;
  await server.client.act(playId, { action: "stop" });
  await untilState(server, playId, "stopped", isIn("STOPPED"), 3 * changeMs);
  await server.client.act(playId, { action: "restart" });
  await untilState(server, playId, "ready", isReady);
}

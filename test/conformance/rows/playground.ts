import { untilState } from "../../fixtures/play.ts";
import { currentState } from "../../../src/api/play-state.ts";
import { requestBody, savePlayground } from "../plays.ts";
import { machinesOf, told, tried } from "../tried.ts";
import { api, type ApiQuestion, type Stage } from "../row.ts";

/** Why a play of this machine does not start. */
const failure =
  (change: Record<string, unknown>): ApiQuestion =>
  world =>
    tried(world, machinesOf(["box"], change), async ({ server, playId }) => {
      const { problem } = await untilState(server, playId, "failed", state => currentState(state) === "FAILED");
      return `${problem?.code}: ${problem?.error}`;
    });

const resourcesOf: ApiQuestion = async ({ server, playId }) => {
  const { machines } = await server.client.getPlay(playId);
  return machines.map(({ resources }) => `${resources.cpuCount} vCPU ${resources.ramSize}`).join(", ");
};

const three =
  (resources?: Record<string, unknown>): ApiQuestion =>
  world =>
    tried(world, machinesOf(["a", "b", "c"], resources === undefined ? {} : { resources }), resourcesOf);

/** The message with which a start is refused. */
const startRefused =
  (initConditions: Record<string, string>): ApiQuestion =>
  async world => {
    const playground = await savePlayground("tasks", world);
    try {
      const { id } = await world.server.client.createPlay({ playground, initConditions });
      await world.server.client.act(id, { action: "destroy" });
      return "started";
    } catch (error) {
      return told(error);
    }
  };

export const playground: Stage = {
  title: "Playgrounds, starts and access",
  rows: [
    api("name", "conformance-tasks", world => savePlayground("tasks", world), /^conformance-tasks-[0-9a-f]{8}$/),
    api(
      "base",
      "flexbx",
      async world => {
        try {
          return (
            await world.server.client.createPlayground({
              ...(await requestBody("tasks", world)),
              name: "x",
              base: "flexbx",
            })
          ).name;
        } catch (error) {
          return told(error);
        }
      },
      /^manifest\/base-unknown: .*flexbox/,
    ),
    api(
      "every field",
      "dump, update with the dump, dump again",
      async world => {
        const { client } = world.server;
        const name = await savePlayground("fields", world);
        const { updatedAt: _before, ...before } = await client.getPlayground(name, "extended");
        await client.updatePlayground(name, before);
        const { updatedAt: _after, ...after } = await client.getPlayground(name, "extended");
        return JSON.stringify(after) === JSON.stringify(before) ? "the same" : JSON.stringify(after);
      },
      "the same",
    ),
    api(
      "cover",
      "absent on update",
      async world => {
        const { client } = world.server;
        const name = await savePlayground("fields", world);
        const { cover: _cover, ...rest } = await client.getPlayground(name, "extended");
        return (await client.updatePlayground(name, rest)).cover;
      },
      "/content/files/playgrounds/conformance/__static__/cover.png",
    ),
    api(
      "accessControl.canRead",
      "[anyone]",
      async world => {
        const name = await savePlayground("fields", world);
        const response = await fetch(`${world.server.url}/api/playgrounds/${name}?format=extended`);
        return `${response.status} for strangers`;
      },
      "200 for strangers",
    ),
    api(
      "registryAuth",
      "someone:se:cret, dumped by a stranger",
      async world => {
        const { client, url } = world.server;
        const name = await savePlayground("fields", world);
        const response = await fetch(`${url}/api/playgrounds/${name}?format=extended`);
        const seen = (await response.json()) as { registryAuth: string };
        const own = await client.getPlayground(name, "extended");
        return `${seen.registryAuth}; the owner: ${own.registryAuth}`;
      },
      "***; the owner: someone:se:cret",
    ),
    api(
      "accessControl.canRead",
      "[owner]",
      async world => {
        const name = await savePlayground("tasks", world);
        const response = await fetch(`${world.server.url}/api/playgrounds/${name}?format=extended`);
        return `${response.status} for strangers`;
      },
      /^40[134] for strangers$/,
    ),
    api(
      "accessControl.canList",
      "[owner]",
      async world => {
        const name = await savePlayground("fields", world);
        const listed = (await (await fetch(`${world.server.url}/api/playgrounds?filter=community`)).json()) as Array<{
          name: string;
        }>;
        return listed.some(entry => entry.name === name) ? "listed for strangers" : "hidden from strangers";
      },
      "hidden from strangers",
    ),
    api(
      "accessControl.canList",
      "[anyone]",
      async world => {
        const { client, url } = world.server;
        const accessControl = { canList: ["anyone"], canRead: ["owner"], canStart: ["owner"] };
        const body = {
          ...(await requestBody("tasks", world)),
          name: "conformance-listed",
          base: "flexbox",
          accessControl,
        };
        const { name } = await client.createPlayground(body);
        const listed = (await (await fetch(`${url}/api/playgrounds?filter=community`)).json()) as Array<{
          name: string;
        }>;
        await client.deletePlayground(name);
        return listed.some(entry => entry.name === name) ? "listed for strangers" : "hidden from strangers";
      },
      "listed for strangers",
    ),
    api(
      "machines[].users[].name",
      "ghost (not in the image)",
      failure({ users: [{ name: "ghost" }] }),
      /^machine\/user-not-in-image: user "ghost" does not exist in debian-12 \(it has: root, laborant\)$/,
    ),
    api(
      "machines[].startupFiles[].owner",
      "laborant:ghosts (no such group)",
      failure({ startupFiles: [{ path: "/x", content: "x", owner: "laborant:ghosts" }] }),
      /^machine\/user-not-in-image: group "ghosts" does not exist/,
    ),
    api("machines[].kernel.source", "9.9", failure({ kernel: { source: "9.9" } }), /9\.9.*6\.1/),
    api(
      "machines[].resources",
      "2 vCPU, 1GiB three times",
      three({ cpuCount: 2, ramSize: "1GiB" }),
      "2 vCPU 768MiB, 2 vCPU 768MiB, 2 vCPU 768MiB",
    ),
    api("machines[].resources", "absent three times", three(), "2 vCPU 768MiB, 2 vCPU 768MiB, 2 vCPU 768MiB"),
    api(
      "initConditions.values[].options",
      "a value that is none of them",
      startRefused({ version: "1.3" }),
      /^start\/condition-value: .*1\.30, 1\.31/,
    ),
    api(
      "initConditions",
      "a key that is not declared",
      startRefused({ versoin: "1.30" }),
      /^start\/condition-value: .*version/,
    ),
    api(
      "initConditions.values[].nullable",
      "empty, not nullable",
      startRefused({ version: "" }),
      /^start\/condition-value: /,
    ),
    api(
      "initConditions.values[].validationRegex",
      "not matched",
      startRefused({ repo: "http://x" }),
      /^start\/condition-value: .*https/,
    ),
    api(
      "initConditions.values[].validationRegex",
      "^(a+)+$ against 1000 a and a b",
      startRefused({ letters: `${"a".repeat(1000)}b` }),
      /^start\/condition-value: /,
    ),
  ],
};

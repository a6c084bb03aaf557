import { Problem } from "../../src/api/problems.ts";
import { savePlayground } from "./plays.ts";
import type { World } from "./row.ts";

const machine = {
  users: [{ name: "root" }],
  drives: [{ source: "debian-12", mount: "/" }],
  network: { interfaces: [{ network: "local" }] },
};

/** Machines of these names, each with what differs from the least that boots. */
export const machinesOf = (names: readonly string[], change: Record<string, unknown> = {}) =>
  names.map(name => ({ name, ...machine, ...change }));

let last: Promise<unknown> = Promise.resolve();

/**
 * Starts a play of these machines in the place of the manifest's, looks, and destroys it. A start that is refused is
 * told in words. One after the other: together they would have more memory than the run has.
 */
export function tried(
  world: World,
  machines: Array<Record<string, unknown>>,
  look: (world: World) => Promise<string>,
): Promise<string> {
  const work = last.then(async () => {
    const { client } = world.server;
    const playground = await savePlayground("tasks", world);
    try {
      const { id } = await client.createPlay({ playground, machines, initTasks: {}, tabs: null });
      try {
        return await look({ ...world, playId: id });
      } finally {
        await client.act(id, { action: "destroy" });
      }
    } catch (error) {
      return told(error);
    }
  });
  last = work.catch(() => {
    // The row tells.
  });
  return work;
}

export function told(error: unknown): string {
  const { code, message } = Problem.from(error);
  return `${code}: ${message}`;
}

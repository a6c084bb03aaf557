import { setOwn } from "./read/source-tree.ts";
import { type InitCondition, type InitTask, type Manifest, type ManifestInput, specSchema } from "./schema.ts";

/**
 * A manifest as API replies carry it: the parts of `playground` side by side with the rest, and text fields that
 * clients decode without asking whether they are there. The server adds id, owner, pageUrl and access of its own.
 */
export function manifestToPlaygroundJson(manifest: Manifest) {
  const { playground, ...card } = manifest;
  return {
    ...card,
    ...playground,
    base: card.base ?? "",
    description: card.description ?? "",
    categories: card.categories ?? [],
    cover: card.cover ?? "",
    markdown: card.markdown ?? "",
    tabs: (playground.tabs ?? []).map(tab => ({ ...tab, name: tab.name ?? "" })),
    initTasks: tasksForClients(playground.initTasks ?? {}),
    initConditions: { values: (playground.initConditions?.values ?? []).map(withDefault) },
    registryAuth: playground.registryAuth ?? "",
    portForwards: playground.portForwards ?? [],
  };
}

type TaskJson = InitTask & { name: string; timeoutSeconds?: number };

/** With their names, and with the timeout in the spelling of either known client. */
function tasksForClients(tasks: Record<string, InitTask>): Record<string, TaskJson> {
  const named: Record<string, TaskJson> = {};
  for (const [name, task] of Object.entries(tasks)) {
    const { timeout_seconds: timeoutSeconds } = task;
    setOwn(named, name, { ...task, ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }), name });
  }
  return named;
}

const withDefault = (condition: InitCondition) => ({ ...condition, default: condition.default ?? "" });

/** What a client sends to create, update or start: the document as it was written, its parts side by side. */
export function manifestToRequestBody(input: ManifestInput): Record<string, unknown> {
  const { playground = {}, ...card } = input;
  const body: Record<string, unknown> = { ...card };
  for (const [key, value] of Object.entries(playground)) {
    // Parts the schema does not know travel too, unless a field of the card has their name.
    if (Object.hasOwn(specSchema.shape, key) || !Object.hasOwn(body, key)) setOwn(body, key, value);
  }
  return body;
}

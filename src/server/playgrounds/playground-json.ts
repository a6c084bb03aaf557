import type { PlaygroundJson } from "../../api/contract/playgrounds.ts";
import type { UserAccess } from "../access/evaluate.ts";
import { timestamp } from "../timestamp.ts";
import type { StoredPlayground } from "./stored-playground.ts";

/** Stands for a secret in what other people see; as input it means "keep what is stored". */
export const maskedSecret = "***";

interface View {
  access: UserAccess;
  appUrl: string;
}

/** The card of a playground, for lists and for clients that are about to start it. */
export function playgroundCard(playground: StoredPlayground, { access, appUrl }: View): PlaygroundJson {
  const { manifest } = playground;
  return {
    id: playground.id,
    owner: playground.owner,
    name: playground.name,
    base: playground.base,
    title: manifest.title,
    description: manifest.description ?? "",
    categories: manifest.categories ?? [],
    cover: manifest.cover ?? "",
    published: manifest.playground.accessControl.canList.includes("anyone"),
    pageUrl: `${appUrl}/playgrounds/${playground.name}`,
    createdAt: timestamp(playground.createdAtMs),
    updatedAt: timestamp(playground.updatedAtMs),
    userAccess: { ...access },
  };
}

/**
 * Everything about a playground, in the shape that create and update take back: dump, update and dump again gives the
 * same. Secrets are masked unless `showSecrets`.
 */
export function playgroundDump(playground: StoredPlayground, view: View & { showSecrets: boolean }): PlaygroundJson {
  const { playground: spec, name: _name, base: _base, ...head } = playground.manifest;
  const { initTasks, initConditions, registryAuth, ...parts } = spec;
  return {
    ...head,
    ...parts,
    ...playgroundCard(playground, view),
    ...(initTasks === undefined
      ? {}
      : { initTasks: Object.fromEntries(Object.entries(initTasks).map(([name, task]) => [name, { ...task, name }])) }),
    ...(initConditions === undefined
      ? {}
      : {
          initConditions: {
            ...initConditions,
            // The official client wants text here, not an absent field.
            values: initConditions.values.map(value => ({ ...value, default: value.default ?? "" })),
          },
        }),
    ...(registryAuth === undefined ? {} : { registryAuth: view.showSecrets ? registryAuth : maskedSecret }),
  };
}

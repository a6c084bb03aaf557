import type { PlaygroundJson } from "../../api/contract/playgrounds.ts";
import { withoutSecrets } from "../../manifest/dump.ts";
import { manifestToPlaygroundJson } from "../../manifest/playground-json.ts";
import type { UserAccess } from "../access/evaluate.ts";
import { timestamp } from "../timestamp.ts";
import type { StoredPlayground } from "./stored-playground.ts";

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
export function playgroundDump(
  playground: StoredPlayground,
  { showSecrets, ...view }: View & { showSecrets: boolean },
): PlaygroundJson {
  const manifest = showSecrets ? playground.manifest : withoutSecrets(playground.manifest);
  return { ...manifestToPlaygroundJson(manifest), ...playgroundCard(playground, view) };
}

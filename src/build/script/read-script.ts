import type { z } from "zod";
import type { KeyPath } from "./finding.ts";
import { type BuildScript, fromVersion1, type schemaVersion1, type schemaVersion2 } from "./schema.ts";

/** What could be read of a script, so that everything else that is wrong with it can be said as well. */
export interface ReadScript {
  /** To be looked at, never to be run: something stands in for what is required and missing or wrong. */
  script: BuildScript;
  /** False for what has a finding of its own already: neither its value nor its absence says anything. */
  isRead: (path: KeyPath) => boolean;
}

type Table = Record<PropertyKey, unknown>;
type Schema = typeof schemaVersion1 | typeof schemaVersion2;

/** Reads a document in spite of the issues that its schema has with it. What they are about is taken out of it. */
export function readScript(document: Table, issues: readonly z.core.$ZodIssue[], schema: Schema): ReadScript {
  const unread = new Set<string>();
  for (const issue of issues) {
    if (issue.code === "unrecognized_keys") {
      const holder = valueAt(document, issue.path) as Table;
      for (const key of issue.keys) delete holder[key];
      continue;
    }
    unread.add(JSON.stringify(issue.path));
    const holder = valueAt(document, issue.path.slice(0, -1));
    const key = issue.path.at(-1) as PropertyKey;
    // An element of a list stays: the numbers of its neighbours must not change.
    if (Array.isArray(holder)) holder[key as number] = issue.path.length === 2 ? {} : "";
    else if (typeof holder === "object" && holder !== null) delete (holder as Table)[key];
  }
  standIn(document);
  const data = schema.parse(document);
  return {
    script: data.version === 2n ? { ...data, version: 2 } : fromVersion1(data),
    isRead: path => !path.some((_, index) => unread.has(JSON.stringify(path.slice(0, index + 1)))),
  };
}

/** Fills in what no script can be without. */
function standIn(document: Table): void {
  const container = tableAt(document, "container");
  const image = tableAt(container, "image");
  image.name ??= "unread";
  if (document.version !== 2n) {
    tableAt(document, "filesystem");
    image.tag ??= "unread";
  }
  for (const overlay of (document.overlays ?? []) as Table[]) overlay.destination ??= "/unread";
}

function tableAt(holder: Table, key: string): Table {
  holder[key] ??= {};
  return holder[key] as Table;
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Table | undefined)?.[key], document);
}

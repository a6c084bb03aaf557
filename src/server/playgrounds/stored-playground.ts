import type { Offers } from "../../manifest/default-tabs.ts";
import type { Manifest } from "../../manifest/schema.ts";
import type { PlaygroundRow } from "../../store/database/playgrounds.ts";
import { type AccessItem, type AccessSubject, evaluateAccess, type UserAccess } from "../access/evaluate.ts";

/** A playground of either kind: a file that came with the installation (owner ""), or a row of the database. */
export interface StoredPlayground {
  id: string;
  name: string;
  owner: string;
  base: string;
  /** Normalised; keys that nobody knows are kept. */
  manifest: Manifest;
  /** Of those that came with the installation. */
  offers?: Offers;
  createdAtMs: number;
  updatedAtMs: number;
}

export function storedPlaygroundOf(row: PlaygroundRow): StoredPlayground {
  return {
    id: row.id,
    name: row.name,
    owner: row.owner,
    base: row.base,
    manifest: JSON.parse(row.manifest) as Manifest,
    createdAtMs: row.created_at,
    updatedAtMs: row.updated_at,
  };
}

export function accessOf(
  playground: StoredPlayground,
  subject: AccessSubject | undefined,
  anyoneMeans: AccessItem["anyoneMeans"],
): UserAccess {
  const { owner, manifest } = playground;
  return evaluateAccess({ owner, lists: manifest.playground.accessControl, anyoneMeans }, subject);
}

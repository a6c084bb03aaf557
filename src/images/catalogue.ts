import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { Problem } from "../api/problems.ts";
import { formatReference, type ImageReference, parseReference, parseShortReference } from "./registry/reference.ts";

export type EngineName = "docker" | "podman" | "buildah";

/** An image on this host, outside the cache. Only commands name these: an author of a manifest reads no host files. */
export type HostSource =
  | { kind: "layout" | "archive"; path: string; tag?: string }
  | { kind: "engine"; engine: EngineName; name: string };

/** Where an image comes from. */
export type ImageSource =
  /** Built on this host from a recipe. */
  { kind: "local"; name: string } | { kind: "registry"; reference: ImageReference } | HostSource;

/** Images that this installation builds itself; each has a folder in images/. */
const localNames: ReadonlySet<string> = new Set(["debian-12"]);

/** Where the named images of the upstream platform live; the name is the tag. */
const namedRepository = "ghcr.io/iximiuz/labs/rootfs";

/** Names whose tag differs. */
const tagOfName: Readonly<Record<string, string>> = {
  docker: "ubuntu-docker",
  "k3s-cplane": "ubuntu-k3s-server",
  "k3s-node": "ubuntu-k3s-agent",
  "k3s-dev-machine": "ubuntu-k3s-dev-machine",
};

/** Reads `debian-12`, another named image, or `oci://host/repository[:tag][@digest]`. */
export function parseImageSource(source: string): ImageSource {
  if (source.startsWith("oci://")) return { kind: "registry", reference: parseReference(source) };
  if (localNames.has(source)) return { kind: "local", name: source };
  if (!/^[a-z0-9][a-z0-9._-]{0,100}$/.test(source)) {
    throw new Problem("image/bad-reference", {
      message: `"${source.slice(0, 300)}" is neither the name of an image nor a reference`,
    });
  }
  const tag = Object.hasOwn(tagOfName, source) ? tagOfName[source] : source;
  return { kind: "registry", reference: parseReference(`${namedRepository}:${tag}`) };
}

/**
 * Reads what a command names: whatever a drive may name, and besides a layout directory, an archive, an image of an
 * engine (`docker://NAME`), and Docker's short references (`ubuntu:24.04`). Files must look like paths or exist.
 */
export async function parseCommandSource(source: string): Promise<ImageSource> {
  const engine = /^(docker|podman|buildah):\/\/(.*)$/s.exec(source);
  if (engine !== null) return { kind: "engine", engine: engine[1] as EngineName, name: engine[2] as string };
  const found = source.startsWith("oci://") ? undefined : await findFile(source);
  if (found !== undefined) return found;
  if (/^\.{0,2}\//.test(source) || source === "." || /\.(?:tar|tgz|tar\.\w+)$/.test(source)) {
    throw new Problem("image/source-unreadable", { message: `there is no directory or archive ${source}` });
  }
  return isNamedImage(source) ? parseImageSource(source) : { kind: "registry", reference: parseShortReference(source) };
}

/** A single word is the name of an image, also where nobody knows it. */
export function isNamedImage(source: string): boolean {
  return /^[a-z0-9][a-z0-9._-]*$/.test(source);
}

/** A path, or a path, a colon and the tag of an image inside. A word without a slash is a name, not a directory. */
async function findFile(source: string): Promise<HostSource | undefined> {
  const candidates: Array<[string, string?]> = [[source]];
  // Names inside an archive have colons too, and so may paths.
  for (let colon = source.lastIndexOf(":"); colon > 0; colon = source.lastIndexOf(":", colon - 1)) {
    candidates.push([source.slice(0, colon), source.slice(colon + 1)]);
  }
  for (const [text, tag] of candidates) {
    if (!/[/.]/.test(text)) continue;
    const path = resolve(text);
    const entry = await stat(path).catch(() => undefined);
    if (entry === undefined || !(entry.isDirectory() || entry.isFile())) continue;
    return { kind: entry.isDirectory() ? "layout" : "archive", path, ...(tag ? { tag } : {}) };
  }
  return undefined;
}

/** For messages and lists. */
export function formatImageSource(source: ImageSource): string {
  switch (source.kind) {
    case "local":
      return source.name;
    case "registry":
      return `oci://${formatReference(source.reference)}`;
    case "engine":
      return `${source.engine}://${source.name}`;
    default:
      return source.tag === undefined ? source.path : `${source.path}:${source.tag}`;
  }
}

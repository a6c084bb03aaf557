import { Problem } from "../api/problems.ts";
import { formatReference, type ImageReference, parseReference } from "./registry/reference.ts";

/** What a drive's `source` stands for. */
export type ImageSource =
  /** Built on this host from a recipe. */
  { kind: "local"; name: string } | { kind: "registry"; reference: ImageReference };

/** Images that this installation builds itself; each has a folder in images/. */
const localNames: ReadonlySet<string> = new Set(["debian-12"]);

/** Where the named images of the upstream platform live; the name is the tag. */
const namedRepository = "ghcr.io/iximiuz/labs/rootfs";

/** Names whose tag differs. */
const tagOfName: Readonly<Record<string, string>> = {
  docker: "ubuntu-docker",
  "k3s-cplane": "ubuntu-k3s-server",
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

/** For messages and lists. */
export function formatImageSource(source: ImageSource): string {
  return source.kind === "local" ? source.name : `oci://${formatReference(source.reference)}`;
}

import { Problem } from "../../api/problems.ts";
import { type Digest, foreignAlgorithm, isDigest } from "../digest.ts";

/** An image in a registry. A digest decides; a tag beside it is only a label. */
export interface ImageReference {
  /** host or host:port, IPv6 in brackets */
  registry: string;
  repository: string;
  tag?: string;
  digest?: Digest;
}

const hostPattern =
  /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*)(?::\d{1,5})?$/;
const componentPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

export const dockerHub = "docker.io";
const hubNames: ReadonlySet<string> = new Set([dockerHub, "index.docker.io", "registry-1.docker.io"]);

/**
 * Reads `[oci://]host[:port]/repository[:tag][@sha256:…]`; without tag and digest the tag is "latest". Errors quote
 * `asTyped`.
 */
export function parseReference(text: string, asTyped = text): ImageReference {
  const fail = (why: string) => new Problem("image/bad-reference", { message: `"${asTyped.slice(0, 300)}" ${why}` });
  const scheme = /^(?!oci:)[a-z][a-z0-9+-]*:\/\//i.exec(text)?.[0];
  if (scheme !== undefined) throw fail(`begins with ${scheme}; an image in a registry begins with oci://`);
  const [name, digest, ...more] = text.replace(/^oci:\/\//, "").split("@") as [string, ...string[]];
  if (more.length > 0) throw fail("has more than one digest");
  if (digest !== undefined && !isDigest(digest)) {
    const algorithm = foreignAlgorithm(digest);
    if (algorithm !== undefined) throw fail(`names the image by ${algorithm}; only sha256 is supported`);
    throw fail("has a digest that is not sha256: and 64 lower-case hex digits");
  }
  const slash = name.indexOf("/");
  const registry = slash === -1 ? "" : name.slice(0, slash);
  if (!/[.:]/.test(registry) && registry !== "localhost") {
    throw fail("does not begin with the host of its registry, as in ghcr.io/me/image:tag");
  }
  if (!hostPattern.test(registry)) throw fail(`has an impossible registry host: "${registry}"`);
  const rest = name.slice(slash + 1);
  const colon = rest.lastIndexOf(":");
  const isHub = hubNames.has(registry);
  const written = colon === -1 ? rest : rest.slice(0, colon);
  const repository = isHub && !written.includes("/") ? `library/${written}` : written;
  const tag = colon === -1 ? undefined : rest.slice(colon + 1);
  if (repository.length > 255 || !repository.split("/").every(part => componentPattern.test(part))) {
    throw fail(
      `has an impossible repository name: "${repository}" (lower-case letters, digits, ".", "_", "-" and "/")`,
    );
  }
  if (tag !== undefined && !tagPattern.test(tag)) throw fail(`has an impossible tag: "${tag}"`);
  return {
    registry: isHub ? dockerHub : registry,
    repository,
    ...(tag !== undefined ? { tag } : digest === undefined ? { tag: "latest" } : {}),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** The same with the short forms of Docker: `ubuntu`, `ubuntu:24.04` and `me/lab` are images of Docker Hub. */
export function parseShortReference(text: string): ImageReference {
  const bare = text.replace(/^oci:\/\//, "");
  if (bare === "") throw new Problem("image/bad-reference", { message: `"${text}" names no image` });
  const slash = bare.indexOf("/");
  const first = slash === -1 ? "" : bare.slice(0, slash);
  return parseReference(/[.:]/.test(first) || first === "localhost" ? bare : `${dockerHub}/${bare}`, text);
}

/** The canonical text, without scheme. */
export function formatReference(reference: ImageReference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  const digest = reference.digest === undefined ? "" : `@${reference.digest}`;
  return `${reference.registry}/${reference.repository}${tag}${digest}`;
}

import { shorten } from "./read/source-tree.ts";

/** Why an `oci://` reference or a named image cannot be one; undefined when it is well-formed. */
export interface ReferenceFault {
  message: string;
  suggestion?: string;
}

const namedImage = /^[a-z0-9][a-z0-9._-]{0,127}$/;
const registryHost =
  /^(?:localhost|(?:[a-zA-Z0-9-]{1,63}\.)+[a-zA-Z0-9-]{1,63}|\[[0-9a-fA-F:]{2,45}\])(?::\d{1,5})?$|^[a-zA-Z0-9-]{1,63}:\d{1,5}$/;
const pathComponent = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const digestPattern = /^sha256:[0-9a-f]{64}$/;

/** Checks the text of a drive's source, `snapshot` apart. */
export function faultOfSource(source: string): ReferenceFault | undefined {
  const quoted = `"${shorten(source, 120)}"`;
  if (source.startsWith("oci://")) return faultOfReference(source, quoted);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(source)) {
    return { message: `drive source ${quoted} has a scheme that is not known; use oci://` };
  }
  if (source.includes("/") || source.includes(":")) {
    const withHost =
      hostOf(source) === undefined ? `docker.io/${source.includes("/") ? "" : "library/"}${source}` : source;
    const suggestion = `oci://${withHost}`;
    if (faultOfReference(suggestion, quoted) === undefined) {
      return { message: `drive source ${quoted} needs the scheme: "${suggestion}"`, suggestion };
    }
    return { message: `drive source ${quoted} is neither a named image nor an oci:// reference` };
  }
  if (!namedImage.test(source)) return { message: `drive source ${quoted} is not a valid image name` };
  return undefined;
}

function hostOf(reference: string): string | undefined {
  const host = reference.slice(0, Math.max(0, reference.indexOf("/")));
  return registryHost.test(host) ? host : undefined;
}

function faultOfReference(source: string, quoted: string): ReferenceFault | undefined {
  if (source.length > 400) return { message: `drive source ${quoted} is too long` };
  const reference = source.slice("oci://".length);
  const host = hostOf(reference);
  if (host === undefined) {
    const suggestion = `oci://docker.io/${reference.includes("/") ? "" : "library/"}${reference}`;
    return {
      message: `drive source ${quoted} names no registry host`,
      ...(/^[a-z0-9._/:@-]+$/.test(reference) ? { suggestion } : {}),
    };
  }
  const [named = "", digest, ...more] = reference.slice(host.length + 1).split("@");
  if (more.length > 0 || (digest !== undefined && !digestPattern.test(digest))) {
    return { message: `the digest of drive source ${quoted} must be sha256: and 64 hexadecimal digits` };
  }
  const colon = named.indexOf(":");
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  if (tag !== undefined && !tagPattern.test(tag)) return { message: `the tag of drive source ${quoted} is not valid` };
  const repository = colon < 0 ? named : named.slice(0, colon);
  if (!repository.split("/").every(component => pathComponent.test(component))) {
    const lower = source.toLowerCase();
    const isCase = lower !== source && faultOfReference(lower, quoted) === undefined;
    return {
      message: `the repository of drive source ${quoted} is not valid${isCase ? ": it must be lower-case" : ""}`,
      ...(isCase ? { suggestion: lower } : {}),
    };
  }
  return undefined;
}

import { Problem } from "../../api/problems.ts";
import { type HttpResponse, readBody } from "./http.ts";
import type { Credentials } from "./token.ts";

const maxErrorBytes = 64 * 1024;

/** Who was asked for which image, for messages. */
export interface Asked {
  /** The registry, or the mirror in its place. */
  host: string;
  /** The reference as the author wrote it. */
  image: string;
  isByDigest: boolean;
  /** Looked up at the first challenge; undefined: there was none. */
  credentials: Promise<Credentials | undefined> | undefined;
}

/**
 * What an answer other than the wanted one means; its body is used up. `isNamed`: the reference itself means `what`;
 * everything else is a part of an image that is there.
 */
export async function refusalOf(response: HttpResponse, what: string, asked: Asked, isNamed = false): Promise<Problem> {
  const { status } = response;
  if (status === 429) return limited(response, asked);
  response.body.destroy();
  // A registry that asks nobody for credentials hides nothing, so it is to be believed.
  if (status === 404 && asked.credentials === undefined) return isNamed ? missing(asked) : incomplete(what, asked);
  if ([401, 403, 404].includes(status)) return denied(status, asked);
  return new Problem(status >= 500 ? "image/registry-unreachable" : "image/registry-failed", {
    message: `${asked.host} answered ${status} when asked for ${what} of ${asked.image}`,
  });
}

/** Registries hide private images behind the same status as missing ones. */
export async function denied(status: number, { host, image, credentials }: Asked): Promise<Problem> {
  const known = await credentials;
  const who = known === undefined ? "without credentials" : `as "${known.username}"`;
  return new Problem("image/denied-or-missing", {
    message: `${host} does not give out ${image} ${who} (status ${status})`,
  });
}

/** Docker Hub says 429 for a used-up quota, which credentials raise, and for too many requests at once, which pass. */
async function limited(response: HttpResponse, { host, image }: Asked): Promise<Problem> {
  const after = response.headers["retry-after"];
  const wait = after === undefined ? "" : `; it asks to wait ${after} s`;
  const said = await readBody(response, maxErrorBytes, "the refusal").catch(() => Buffer.alloc(0));
  if (/pull rate limit|toomanyrequests/i.test(said.toString("utf8"))) {
    return new Problem("image/rate-limited", {
      message: `the pulls that ${host} allows this host are used up, so ${image} is not given out${wait}`,
      hint: "Log in to this registry, set a mirror for it in config.yaml, or wait until the limit passes.",
    });
  }
  return new Problem("image/rate-limited", { message: `${host} limits pulls of ${image}${wait}` });
}

function missing({ host, image, isByDigest }: Asked): Problem {
  const kind = isByDigest ? "digest" : "tag";
  return new Problem("image/denied-or-missing", {
    message: `${image} does not exist: ${host} has no such repository, or no such ${kind} in it (status 404)`,
    hint: `Check the spelling of the repository and the ${kind}, and that the image was pushed to this registry.`,
  });
}

function incomplete(what: string, { host, image }: Asked): Problem {
  return new Problem("image/denied-or-missing", {
    message: `${host} has the image ${image} without ${what} (status 404)`,
    hint: "The image is incomplete there: push it to this registry again.",
  });
}

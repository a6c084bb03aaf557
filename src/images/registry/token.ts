import * as z from "zod";
import { Problem } from "../../api/problems.ts";
import type { Challenge } from "./challenge.ts";
import { isLoopbackHost, readBody, send } from "./http.ts";

export interface Credentials {
  username: string;
  password: string;
}

/** An Authorization header value and until when it may be used. */
export interface Authorization {
  header: string;
  expiresAtMs: number;
}

const tokenSchema = z.object({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.number().positive().optional(),
});

const defaultLifetimeSeconds = 60;
const maxTokenBytes = 1024 * 1024;

/**
 * Answers a registry's challenge: a bearer token for pulling one repository where it offers that, else the
 * credentials themselves. Undefined when there is nothing we could answer with.
 */
export async function answerChallenge(
  challenges: readonly Challenge[],
  repository: string,
  registryUrl: URL,
  credentials: Credentials | undefined,
  signal?: AbortSignal,
): Promise<Authorization | undefined> {
  const bearer = challenges.find(challenge => challenge.scheme === "bearer" && challenge.parameters.has("realm"));
  if (bearer !== undefined) return fetchToken(bearer, repository, registryUrl, credentials, signal);
  if (challenges.some(challenge => challenge.scheme === "basic") && credentials !== undefined) {
    return { header: basicHeader(credentials), expiresAtMs: Number.POSITIVE_INFINITY };
  }
  return undefined;
}

async function fetchToken(
  challenge: Challenge,
  repository: string,
  registryUrl: URL,
  credentials: Credentials | undefined,
  signal?: AbortSignal,
): Promise<Authorization> {
  const url = realmUrl(challenge.parameters.get("realm") as string, registryUrl);
  const service = challenge.parameters.get("service");
  if (service !== undefined) url.searchParams.set("service", service);
  url.searchParams.set("scope", challenge.parameters.get("scope") ?? `repository:${repository}:pull`);
  const requestedAtMs = Date.now();
  const response = await send({
    method: "GET",
    url,
    headers: credentials === undefined ? {} : { authorization: basicHeader(credentials) },
    ...(signal ? { signal } : {}),
  });
  const body = await readBody(response, maxTokenBytes, `the token of ${url.host}`);
  if (response.status === 401 || response.status === 403) {
    throw new Problem("image/denied-or-missing", {
      message: `${url.host} gives no token for ${registryUrl.host}/${repository}${credentials ? ` to "${credentials.username}"` : " without credentials"}`,
    });
  }
  const parsed = response.status === 200 ? tokenSchema.safeParse(parseJson(body)) : undefined;
  const token = parsed?.data?.token ?? parsed?.data?.access_token;
  if (token === undefined || !/^[\x21-\x7e]+$/.test(token)) {
    throw new Problem("image/registry-failed", { message: `${url.host} answered ${response.status} without a token` });
  }
  // A little early, so that it does not end on the way.
  const lifetimeSeconds = Math.max(1, (parsed?.data?.expires_in ?? defaultLifetimeSeconds) - 10);
  return { header: `Bearer ${token}`, expiresAtMs: requestedAtMs + lifetimeSeconds * 1000 };
}

/** Credentials go there, so the way must be as safe as the one to the registry itself. */
function realmUrl(realm: string, registryUrl: URL): URL {
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  const isSafe = url?.protocol === "https:";
  const isLocal = url?.protocol === "http:" && isLoopbackHost(url.hostname) && isLoopbackHost(registryUrl.hostname);
  if (url === undefined || !(isSafe || isLocal)) {
    throw new Problem("image/registry-failed", {
      message: `${registryUrl.host} sends its clients to "${realm.slice(0, 200)}" for a token, which is not allowed`,
    });
  }
  return url;
}

function basicHeader({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    // Not JSON: the schema will say no.
    return undefined;
  }
}

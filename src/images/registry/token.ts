import * as z from "zod";
import { Problem } from "../../api/problems.ts";
import type { Challenge } from "./challenge.ts";
import { discardBody, type HttpRequest, type HttpResponse, readBody, send } from "./http.ts";
import type { Transport } from "./transport.ts";

export interface Credentials {
  username: string;
  password: string;
  /** A refresh token that stands in place of the password, as `docker login` of some registries stores it. */
  identityToken?: string;
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

/** Who asks whom for what. */
export interface TokenRequest {
  repository: string;
  registryUrl: URL;
  credentials: Credentials | undefined;
  transport: Transport;
  signal?: AbortSignal | undefined;
}

/**
 * Answers a registry's challenge: a bearer token for pulling one repository where it offers that, else the
 * credentials themselves. Undefined when there is nothing we could answer with.
 */
export async function answerChallenge(
  challenges: readonly Challenge[],
  request: TokenRequest,
): Promise<Authorization | undefined> {
  const bearer = challenges.find(challenge => challenge.scheme === "bearer" && challenge.parameters.has("realm"));
  if (bearer !== undefined) return fetchToken(bearer, request);
  if (challenges.some(challenge => challenge.scheme === "basic") && request.credentials !== undefined) {
    return { header: basicHeader(request.credentials), expiresAtMs: Number.POSITIVE_INFINITY };
  }
  return undefined;
}

async function fetchToken(challenge: Challenge, request: TokenRequest): Promise<Authorization> {
  const { registryUrl, repository, credentials } = request;
  const realm = realmUrl(challenge.parameters.get("realm") as string, request);
  const requestedAtMs = Date.now();
  const response = await askForToken(realm, challenge, request);
  const body = await readBody(response, maxTokenBytes, `the token of ${realm.host}`);
  if (response.status === 401 || response.status === 403) {
    throw new Problem("image/denied-or-missing", {
      message: `${realm.host} gives no token for ${registryUrl.host}/${repository}${credentials ? ` to "${credentials.username}"` : " without credentials"}`,
    });
  }
  const parsed = response.status === 200 ? tokenSchema.safeParse(parseJson(body)) : undefined;
  const token = parsed?.data?.token ?? parsed?.data?.access_token;
  if (token === undefined || !/^[\x21-\x7e]+$/.test(token)) {
    throw new Problem("image/registry-failed", {
      message: `${realm.host} answered ${response.status} without a token`,
    });
  }
  // A little early, so that it does not end on the way.
  const lifetimeSeconds = Math.max(1, (parsed?.data?.expires_in ?? defaultLifetimeSeconds) - 10);
  return { header: `Bearer ${token}`, expiresAtMs: requestedAtMs + lifetimeSeconds * 1000 };
}

/** An identity token is exchanged by POST; servers that know no POST get it as a password by GET, like all others. */
async function askForToken(realm: URL, challenge: Challenge, request: TokenRequest): Promise<HttpResponse> {
  const { credentials, repository, transport, registryUrl, signal } = request;
  const service = challenge.parameters.get("service");
  const scope = challenge.parameters.get("scope") ?? `repository:${repository}:pull`;
  const common: Pick<HttpRequest, "transport" | "referrer" | "signal"> = {
    transport,
    referrer: registryUrl,
    ...(signal ? { signal } : {}),
  };
  if (credentials?.identityToken !== undefined) {
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      ...(service === undefined ? {} : { service }),
      client_id: "labyard",
      scope,
      refresh_token: credentials.identityToken,
    });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const response = await send({ method: "POST", url: realm, headers, body: form.toString(), ...common });
    if (response.status !== 404 && response.status !== 405) return response;
    await discardBody(response);
  }
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  url.searchParams.set("scope", scope);
  const headers: Record<string, string> = credentials === undefined ? {} : { authorization: basicHeader(credentials) };
  return send({ method: "GET", url, headers, ...common });
}

/** Credentials go there, so the way must be as safe as the one to the registry itself. */
function realmUrl(realm: string, { registryUrl, transport }: TokenRequest): URL {
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  const isSafe = url?.protocol === "https:";
  const isLocal = url?.protocol === "http:" && registryUrl.protocol === "http:" && transport.mayBePlain(url);
  if (url === undefined || !(isSafe || isLocal)) {
    throw new Problem("image/registry-failed", {
      message: `${registryUrl.host} sends its clients to "${realm.slice(0, 200)}" for a token, which is not allowed`,
    });
  }
  return url;
}

function basicHeader({ username, password, identityToken }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${identityToken ?? password}`).toString("base64")}`;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    // Not JSON: the schema will say no.
    return undefined;
  }
}

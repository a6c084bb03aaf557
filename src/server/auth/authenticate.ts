import type { FastifyInstance } from "fastify";
import { Problem } from "../../api/problems.ts";
import type { Origins } from "../origins.ts";
import type { Accounts } from "./accounts.ts";
import { readCookie, sessionCookieName } from "./cookies.ts";
import type { Requester } from "./requester.ts";

/**
 * Finds out who asks: Basic session:secret (command line clients), Bearer token (scripts), or the browser's cookie.
 * A wrong header is refused at once; a stale cookie makes a stranger of its owner, who then gets to the login page.
 */
export function authenticateRequests(app: FastifyInstance, accounts: Accounts, origins: Origins): void {
  app.decorateRequest("requester", undefined);
  app.addHook("onRequest", async request => {
    const { authorization, cookie } = request.headers;
    if (authorization !== undefined) {
      request.requester = await requesterOfHeader(authorization, accounts);
      return;
    }
    const value = readCookie(cookie, sessionCookieName(new URL(origins.appUrlFor(request.raw))));
    const session = value === undefined ? undefined : await accounts.sessionOf(...splitPair(value, "."));
    if (session?.kind === "browser") request.requester = await accounts.requesterOfSession(session, "cookie");
  });
}

/** undefined: a session that still waits for approval; its client may only ask whether it was approved. */
async function requesterOfHeader(authorization: string, accounts: Accounts): Promise<Requester | undefined> {
  const basic = basicPair(authorization);
  if (basic !== undefined) {
    const session = await accounts.sessionOf(...basic);
    if (session === undefined || session.kind === "browser") throw refused();
    return accounts.requesterOfSession(session, "session");
  }
  const [, token] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
  const requester = token === undefined ? undefined : await accounts.requesterOfToken(token);
  if (requester === undefined) throw refused();
  return requester;
}

/** Session id and secret of a Basic header. */
export function basicPair(authorization: string | undefined): [id: string, secret: string] | undefined {
  const [, encoded] = /^Basic +([A-Za-z0-9+/=_-]+)$/i.exec(authorization ?? "") ?? [];
  return encoded === undefined ? undefined : splitPair(Buffer.from(encoded, "base64").toString(), ":");
}

function splitPair(pair: string, separator: string): [string, string] {
  const at = pair.indexOf(separator);
  return at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
}

function refused(): Problem {
  return new Problem("server/not-authenticated", { message: "The session or token is not known, or it has expired" });
}

import type { FastifyInstance } from "fastify";
import { Problem } from "../../api/problems.ts";
import type { Origins } from "../origins.ts";
import type { Accounts } from "./accounts.ts";
import { readCookie, sessionCookieName } from "./cookies.ts";
import type { Requester } from "./requester.ts";

/**
 * Finds out who asks: Basic session:secret (command line clients), Bearer token (scripts), or the browser's cookie.
 * A wrong header is refused, but only after the rate limits have counted the attempt; a stale cookie makes a stranger
 * of its owner, who then gets to the login page.
 */
export function authenticateRequests(app: FastifyInstance, accounts: Accounts, origins: Origins): void {
  app.decorateRequest("requester", undefined);
  app.decorateRequest("hasWrongCredential", false);
  app.addHook("onRequest", async request => {
    const { authorization, cookie } = request.headers;
    if (authorization !== undefined) {
      const credential = await credentialOf(authorization, accounts);
      request.hasWrongCredential = credential === undefined;
      request.requester = credential?.requester;
      return;
    }
    const value = readCookie(cookie, sessionCookieName(new URL(origins.appUrlFor(request.raw))));
    const session = value === undefined ? undefined : await accounts.sessionOf(...splitPair(value, "."));
    if (session?.kind === "browser") request.requester = await accounts.requesterOfSession(session, "cookie");
  });
  // The limiter counts in the route's own onRequest hook, which runs before this one and after the one above.
  app.addHook("preParsing", async request => {
    if (!request.hasWrongCredential) return;
    throw new Problem("server/not-authenticated", { message: "The session or token is not known, or it has expired" });
  });
}

declare module "fastify" {
  interface FastifyRequest {
    hasWrongCredential: boolean;
  }
}

/**
 * What an Authorization header of ours proves; undefined when it is none of ours, wrong or too old. Without a
 * requester: a session that still waits for approval, whose client may only ask whether it was approved.
 */
export async function credentialOf(
  authorization: string,
  accounts: Accounts,
): Promise<{ requester: Requester | undefined } | undefined> {
  const basic = basicPair(authorization);
  if (basic !== undefined) {
    const session = await accounts.sessionOf(...basic);
    if (session?.user_id === null) return { requester: undefined };
    const requester =
      session === undefined
        ? await accounts.requesterOfToken(basic[1], basic[0])
        : session.kind === "browser"
          ? undefined
          : await accounts.requesterOfSession(session, "session");
    return requester && { requester };
  }
  const [, token] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
  const requester = token === undefined ? undefined : await accounts.requesterOfToken(token);
  return requester && { requester };
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

import type { FastifyRequest } from "fastify";
import { type ScopeName, scopeNames } from "../../api/contract/tokens.ts";
import { Problem } from "../../api/problems.ts";
import type { UserRow } from "../../store/database/users.ts";

/** Who asks, and what their credential allows. */
export interface Requester {
  userId: string;
  name: string;
  administrator: boolean;
  githubHandle: string | undefined;
  /** cookie: a browser, to be protected against requests of other sites. */
  via: "cookie" | "session" | "token";
  scopes: readonly ScopeName[];
  /** The session or token itself, so that it can be ended. */
  credentialId: string;
}

declare module "fastify" {
  interface FastifyRequest {
    /** undefined: anonymous */
    requester: Requester | undefined;
  }
}

export function requesterFor(
  user: UserRow,
  credential: Pick<Requester, "via" | "credentialId"> & { scopes?: readonly ScopeName[] },
): Requester {
  return {
    userId: user.id,
    name: user.name,
    administrator: user.administrator === 1,
    githubHandle: user.github_handle ?? undefined,
    via: credential.via,
    scopes: credential.scopes ?? scopeNames,
    credentialId: credential.credentialId,
  };
}

/** The person behind the request. Throws 401 for strangers and 403 when their token does not cover `scope`. */
export function requireUser(request: FastifyRequest, scope: ScopeName): Requester {
  const { requester } = request;
  if (requester === undefined) throw new Problem("server/not-authenticated");
  requireScope(requester, scope);
  return requester;
}

/** For what strangers may do too: their tokens count all the same. */
export function optionalUser(request: FastifyRequest, scope: ScopeName): Requester | undefined {
  if (request.requester) requireScope(request.requester, scope);
  return request.requester;
}

function requireScope(requester: Requester, scope: ScopeName): void {
  if (requester.scopes.includes(scope)) return;
  throw new Problem("server/forbidden", {
    message: `This access token lacks the scope "${scope}" (it has: ${requester.scopes.join(", ")})`,
  });
}

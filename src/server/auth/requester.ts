import type { FastifyRequest } from "fastify";
import { type ScopeName, scopeNames } from "../../api/contract/tokens.ts";
import { Problem } from "../../api/problems.ts";
import type { UserRow } from "../../store/database/users.ts";
import type { AccessSubject } from "../access/evaluate.ts";
import type { Holder } from "./live-connections.ts";

/** Who asks, and what their credential allows. */
export interface Requester extends AccessSubject, Holder {
  name: string;
  region: string | undefined;
  /** cookie: a browser, to be protected against requests of other sites. */
  via: "cookie" | "session" | "token";
  /** The command line of the server's own home. */
  isLocal: boolean;
  scopes: readonly ScopeName[];
}

declare module "fastify" {
  interface FastifyRequest {
    /** undefined: anonymous */
    requester: Requester | undefined;
  }
}

/** For what outlives the request: it ends with the credential. */
export const holderOf = ({ userId, credentialId }: Requester): Holder => ({ userId, credentialId });

export function requesterFor(
  user: UserRow,
  credential: Pick<Requester, "via" | "credentialId"> & { isLocal?: boolean; scopes?: readonly ScopeName[] },
  memberships: { student: string[]; instructor: string[] },
): Requester {
  return {
    userId: user.id,
    name: user.name,
    administrator: user.administrator === 1,
    githubHandle: user.github_handle ?? undefined,
    region: user.region ?? undefined,
    studentOf: memberships.student,
    instructorOf: memberships.instructor,
    via: credential.via,
    isLocal: credential.isLocal ?? false,
    scopes: credential.scopes ?? scopeNames,
    credentialId: credential.credentialId,
  };
}

/** The person behind the request. Throws 401 for strangers and 403 when their token does not cover `scope`. */
export function requireUser(request: FastifyRequest, scope: ScopeName | undefined): Requester {
  const { requester } = request;
  if (requester === undefined) throw new Problem("server/not-authenticated");
  if (scope !== undefined) requireScope(requester, scope);
  return requester;
}

/** For what gives or takes further access: a token that may not do everything could otherwise help itself to the rest. */
export function requireUnlimited(request: FastifyRequest, scope: ScopeName): Requester {
  const requester = requireUser(request, scope);
  for (const each of scopeNames) requireScope(requester, each);
  return requester;
}

/** For what only people who run this installation do. */
export function requireAdministrator(request: FastifyRequest, scope: ScopeName): Requester {
  const requester = requireUnlimited(request, scope);
  if (requester.administrator) return requester;
  throw new Problem("server/forbidden", { message: "Only administrators of this installation may do this" });
}

/**
 * For what decides who gets into the account later: a person in a browser, or the command line of the server's own
 * home. A client that was let in must not be able to let in others after it has been shut out.
 */
export function requirePerson(request: FastifyRequest): Requester {
  const requester = requireUnlimited(request, "account:write");
  if (requester.via === "cookie" || requester.isLocal) return requester;
  throw new Problem("server/forbidden", { message: "Do this in the browser, on your account page" });
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

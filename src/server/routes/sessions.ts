import { z } from "zod";
import { type AccountSession, accountSessionSchema } from "../../api/contract/account.ts";
import { emptyReplySchema } from "../../api/contract/common.ts";
import { type LoginSession, loginSessionSchema } from "../../api/contract/sessions.ts";
import { Problem } from "../../api/problems.ts";
import type { SessionRow } from "../../store/database/sessions.ts";
import { basicPair } from "../auth/authenticate.ts";
import { clientOriginOf } from "../auth/browser-session.ts";
import { type Requester, requireUser } from "../auth/requester.ts";
import type { Services } from "../services.ts";
import { timestamp } from "../timestamp.ts";
import type { ZodApp } from "../zod-app.ts";

const params = z.object({ id: z.string().max(100) });

/** Programs that ask to act for a person, the person's answer, and the sessions that a person has. */
export function sessionRoutes(
  app: ZodApp,
  { accounts, origins, live }: Pick<Services, "accounts" | "origins" | "live">,
): void {
  const tags = ["login"];

  app.get("/sessions", { schema: { tags, response: { 200: z.array(accountSessionSchema) } } }, async request => {
    const requester = requireUser(request, "account:read");
    return (await accounts.listSessions(requester.userId)).map(session => accountSessionJson(session, requester));
  });

  app.post(
    "/sessions",
    {
      schema: { tags, response: { 200: loginSessionSchema } },
      config: { rateLimit: { max: 20, timeWindow: "1 minute" } },
    },
    async request => {
      const created = await accounts.createSession("client", null, clientOriginOf(request));
      return { ...sessionJson(created.session, origins.appUrlFor(request.raw)), accessToken: created.secret };
    },
  );

  // For the client that asked (with its pair), and for the person who is shown the request.
  app.get("/sessions/:id", { schema: { tags, params, response: { 200: loginSessionSchema } } }, async request => {
    const [id, secret] = basicPair(request.headers.authorization) ?? [];
    const own = id === request.params.id ? await accounts.sessionOf(id, secret ?? "") : undefined;
    const shown = own ?? (await sessionForPerson(request.params.id, request.requester));
    if (shown === undefined) throw new Problem("server/not-found");
    return sessionJson(shown, origins.appUrlFor(request.raw));
  });

  app.post(
    "/sessions/:id/approve",
    { schema: { tags, params, response: { 200: loginSessionSchema } } },
    async request => {
      const { userId } = requireBrowser(requireUser(request, "account:write"));
      const session = await accounts.approve(request.params.id, userId);
      return sessionJson(session, origins.appUrlFor(request.raw));
    },
  );

  app.post("/sessions/:id/deny", { schema: { tags, params, response: { 200: emptyReplySchema } } }, async request => {
    requireBrowser(requireUser(request, "account:write"));
    await accounts.deny(request.params.id);
    return {};
  });

  app.delete("/sessions/:id", { schema: { tags, params, response: { 200: emptyReplySchema } } }, async request => {
    const { id } = request.params;
    const isOwn = request.requester?.credentialId === id;
    // Every credential may end itself: that is how the official client logs out, with a token's pair as well.
    const { userId, via } = requireUser(request, isOwn ? undefined : "account:write");
    if (isOwn && via === "token") {
      await accounts.endToken(userId, id);
    } else {
      const session = await accounts.findSession(id);
      if (session?.user_id !== userId) throw new Problem("server/not-found", { message: "There is no such session" });
      if (session.kind === "local" && !isOwn) {
        throw new Problem("server/conflict", { message: "The command line of the server's own home stays logged in" });
      }
      await accounts.endSession(id);
    }
    live.end(userId, id);
    return {};
  });

  async function sessionForPerson(id: string, requester: Requester | undefined): Promise<SessionRow | undefined> {
    if (requester === undefined) throw new Problem("server/not-authenticated");
    requireBrowser(requester);
    const session = await accounts.findSession(id);
    const isShown = session?.user_id === null || session?.user_id === requester.userId;
    return session?.kind === "client" && isShown ? session : undefined;
  }
}

/** A program must not approve further programs: only a person in the browser does. */
function requireBrowser(requester: Requester): Requester {
  if (requester.via === "cookie") return requester;
  throw new Problem("server/forbidden", { message: "Approve it in the browser" });
}

function sessionJson(session: SessionRow, appUrl: string): LoginSession {
  return {
    id: session.id,
    userId: session.user_id ?? "",
    authenticated: session.user_id !== null,
    authUrl: `${appUrl}/login/approve?session=${session.id}`,
    createdAt: timestamp(session.created_at),
    expiresAt: timestamp(session.expires_at),
    userAgent: session.user_agent,
    ...(session.address === null ? {} : { address: session.address }),
  };
}

function accountSessionJson(session: SessionRow, requester: Requester): AccountSession {
  return {
    id: session.id,
    kind: session.kind,
    userAgent: session.user_agent,
    ...(session.address === null ? {} : { address: session.address }),
    createdAt: timestamp(session.created_at),
    ...(session.used_at === null ? {} : { usedAt: timestamp(session.used_at) }),
    expiresAt: timestamp(session.expires_at),
    current: session.id === requester.credentialId,
  };
}

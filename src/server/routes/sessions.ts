import { z } from "zod";
import { emptyReplySchema } from "../../api/contract/common.ts";
import { type LoginSession, loginSessionSchema } from "../../api/contract/sessions.ts";
import { Problem } from "../../api/problems.ts";
import type { SessionRow } from "../../store/database/sessions.ts";
import { basicPair } from "../auth/authenticate.ts";
import { requireUser } from "../auth/requester.ts";
import type { Services } from "../services.ts";
import { timestamp } from "../timestamp.ts";
import type { ZodApp } from "../zod-app.ts";

const params = z.object({ id: z.string().max(100) });

/** Programs that ask to act for a person, and the person's answer. */
export function sessionRoutes(app: ZodApp, { accounts, origins }: Pick<Services, "accounts" | "origins">): void {
  const tags = ["login"];

  app.post(
    "/sessions",
    {
      schema: { tags, response: { 200: loginSessionSchema } },
      config: { rateLimit: { max: 20, timeWindow: "1 minute" } },
    },
    async request => {
      const created = await accounts.createSession("client", null, request.headers["user-agent"] ?? "");
      return { ...sessionJson(created.session, origins.appUrlFor(request.raw)), accessToken: created.secret };
    },
  );

  // For the client that asked (with its pair), and for the person who is shown the request.
  app.get("/sessions/:id", { schema: { tags, params, response: { 200: loginSessionSchema } } }, async request => {
    const [id, secret] = basicPair(request.headers.authorization) ?? [];
    const own = id === request.params.id ? await accounts.sessionOf(id, secret ?? "") : undefined;
    const shown = own ?? (await sessionForPerson(request.params.id, request.requester?.userId));
    if (shown === undefined) throw new Problem("server/not-found");
    return sessionJson(shown, origins.appUrlFor(request.raw));
  });

  app.post(
    "/sessions/:id/approve",
    { schema: { tags, params, response: { 200: loginSessionSchema } } },
    async request => {
      const requester = requireUser(request, "account:write");
      // A program must not approve further programs: only a person in the browser does.
      if (requester.via !== "cookie") throw new Problem("server/forbidden", { message: "Approve it in the browser" });
      const session = await accounts.approve(request.params.id, requester.userId);
      return sessionJson(session, origins.appUrlFor(request.raw));
    },
  );

  app.delete("/sessions/:id", { schema: { tags, params, response: { 200: emptyReplySchema } } }, async request => {
    const { userId } = requireUser(request, "account:write");
    const session = await accounts.findSession(request.params.id);
    if (session?.user_id !== userId) throw new Problem("server/not-found");
    await accounts.endSession(session.id);
    return {};
  });

  async function sessionForPerson(id: string, userId: string | undefined): Promise<SessionRow | undefined> {
    if (userId === undefined) throw new Problem("server/not-authenticated");
    const session = await accounts.findSession(id);
    return session?.kind === "client" && (session.user_id === null || session.user_id === userId) ? session : undefined;
  }
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
  };
}

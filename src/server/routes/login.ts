import { emptyReplySchema } from "../../api/contract/common.ts";
import { meSchema } from "../../api/contract/me.ts";
import { loginBodySchema, loginCodeSchema, signinUrlSchema } from "../../api/contract/sessions.ts";
import { sessionCookie } from "../auth/cookies.ts";
import { requesterFor, requireUser } from "../auth/requester.ts";
import type { Services } from "../services.ts";
import { timestamp } from "../timestamp.ts";
import type { ZodApp } from "../zod-app.ts";
import { meOf } from "./me.ts";

const attemptsPerMinute = { rateLimit: { max: 20, timeWindow: "1 minute" } };

/** One-time login codes and the browser's session. */
export function loginRoutes(app: ZodApp, services: Pick<Services, "accounts" | "origins" | "config">): void {
  const { accounts, origins, config } = services;
  const tags = ["login"];

  app.post(
    "/auth/login",
    { schema: { tags, body: loginBodySchema, response: { 200: meSchema } }, config: attemptsPerMinute },
    async (request, reply) => {
      const userAgent = request.headers["user-agent"] ?? "";
      const { session, secret, user } = await accounts.login(request.body.code, userAgent);
      const appUrl = new URL(origins.appUrlFor(request.raw));
      reply.header(
        "set-cookie",
        sessionCookie(appUrl, `${session.id}.${secret}`, config.sessions.browserDays * 24 * 60 * 60),
      );
      return meOf(requesterFor(user, { via: "cookie", credentialId: session.id }));
    },
  );

  app.post("/auth/logout", { schema: { tags, response: { 200: emptyReplySchema } } }, async (request, reply) => {
    const { requester } = request;
    if (requester?.via === "cookie") await accounts.endSession(requester.credentialId);
    reply.header("set-cookie", sessionCookie(new URL(origins.appUrlFor(request.raw)), "", 0));
    return {};
  });

  app.post("/auth/login-codes", { schema: { tags, response: { 200: loginCodeSchema } } }, async request => {
    const { userId } = requireUser(request, "account:write");
    const { code, expiresAt } = await accounts.createLoginCode(userId);
    return { url: loginUrl(origins.appUrlFor(request.raw), code), expiresAt: timestamp(expiresAt) };
  });

  app.post("/auth/signin-url", { schema: { tags, response: { 200: signinUrlSchema } } }, async request => {
    const { userId } = requireUser(request, "account:write");
    const { code } = await accounts.createLoginCode(userId);
    return { url: loginUrl(origins.appUrlFor(request.raw), code) };
  });
}

/** Opened in a browser, this page trades the code for a session. */
export function loginUrl(appUrl: string, code: string): string {
  return `${appUrl}/login?code=${code}`;
}

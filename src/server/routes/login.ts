import { emptyReplySchema } from "../../api/contract/common.ts";
import { meSchema } from "../../api/contract/me.ts";
import { loginBodySchema, loginCodeSchema, loginMethodsSchema, signinUrlSchema } from "../../api/contract/sessions.ts";
import { Problem } from "../../api/problems.ts";
import { beginBrowserSession, clientOriginOf } from "../auth/browser-session.ts";
import { sessionCookie } from "../auth/cookies.ts";
import { requireUnlimited } from "../auth/requester.ts";
import type { Services } from "../services.ts";
import { timestamp } from "../timestamp.ts";
import type { ZodApp } from "../zod-app.ts";
import { meOfUser } from "./me.ts";

const attemptsPerMinute = { rateLimit: { max: 20, timeWindow: "1 minute" } };

type LoginServices = Pick<
  Services,
  "accounts" | "origins" | "config" | "passwordLogin" | "loginProviders" | "live" | "database" | "now"
>;

/** One-time codes, passwords, and the browser's session. */
export function loginRoutes(app: ZodApp, services: LoginServices): void {
  const { accounts, origins, config, passwordLogin, loginProviders, live } = services;
  const tags = ["login"];

  app.get("/auth/methods", { schema: { tags, response: { 200: loginMethodsSchema } } }, async () => ({
    passwords: config.login.passwords,
    providers: [...loginProviders.values()].map(({ name, label, issuer }) => ({ name, label, issuer })),
  }));

  app.post(
    "/auth/login",
    { schema: { tags, body: loginBodySchema, response: { 200: meSchema } }, config: attemptsPerMinute },
    async (request, reply) => {
      const { body } = request;
      if (!("code" in body) && !config.login.passwords) {
        throw new Problem("server/forbidden", { message: "This server does not take passwords" });
      }
      const user =
        "code" in body
          ? await accounts.takeLoginCode(body.code)
          : await passwordLogin.verify(body.name, body.password, clientOriginOf(request));
      await beginBrowserSession(request, reply, user.id, services);
      return meOfUser(user);
    },
  );

  app.post("/auth/logout", { schema: { tags, response: { 200: emptyReplySchema } } }, async (request, reply) => {
    const { requester } = request;
    if (requester?.via === "cookie") {
      await accounts.endSession(requester.credentialId);
      live.end(requester.userId, requester.credentialId);
    }
    reply.header("set-cookie", sessionCookie(new URL(origins.appUrlFor(request.raw)), "", 0));
    return {};
  });

  app.post("/auth/login-codes", { schema: { tags, response: { 200: loginCodeSchema } } }, async request => {
    const { userId } = requireUnlimited(request, "account:write");
    const { code, expiresAt } = await accounts.createLoginCode(userId);
    return { url: loginUrl(origins.appUrlFor(request.raw), code), expiresAt: timestamp(expiresAt) };
  });

  app.post("/auth/signin-url", { schema: { tags, response: { 200: signinUrlSchema } } }, async request => {
    const { userId } = requireUnlimited(request, "account:write");
    const { code } = await accounts.createLoginCode(userId);
    return { url: loginUrl(origins.appUrlFor(request.raw), code) };
  });
}

/** Opened in a browser, this page trades the code for a session. */
export function loginUrl(appUrl: string, code: string): string {
  return `${appUrl}/login?code=${code}`;
}

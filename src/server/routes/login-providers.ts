import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { signinUrlSchema } from "../../api/contract/sessions.ts";
import { Problem } from "../../api/problems.ts";
import { findUser } from "../../store/database/users.ts";
import { beginBrowserSession } from "../auth/browser-session.ts";
import { loginFlowCookie, loginFlowCookieName, readCookie } from "../auth/cookies.ts";
import { requirePerson } from "../auth/requester.ts";
import { admit, link } from "../login/admit.ts";
import { LoginFlows } from "../login/login-flows.ts";
import type { LoginProvider } from "../login/provider.ts";
import type { Services } from "../services.ts";
import type { ZodApp } from "../zod-app.ts";

const params = z.object({ provider: z.string().max(40) });
const attemptsPerMinute = { rateLimit: { max: 30, timeWindow: "1 minute" } };

type ProviderServices = Pick<
  Services,
  "accounts" | "config" | "database" | "live" | "log" | "loginProviders" | "now" | "origins" | "people"
>;

/** Login by somebody else's word: the browser is sent to the provider and comes back with a code. */
export function loginProviderRoutes(app: ZodApp, services: ProviderServices): void {
  const { database, log, loginProviders, now, origins, people } = services;
  const flows = new LoginFlows(now);
  const tags = ["login"];

  const querystring = z.object({ next: z.string().max(2000).default("/") });
  app.get(
    "/auth/providers/:provider/start",
    { schema: { tags, params, querystring }, config: attemptsPerMinute },
    async (request, reply) => {
      try {
        const { provider, appUrl } = begin(request);
        return await reply.redirect(await sendAway(reply, { provider, next: request.query.next, appUrl }));
      } catch (error) {
        return backToLogin(error, request, reply, "/login");
      }
    },
  );

  // By POST, so that no other site can send a logged-in person's browser into it.
  app.post(
    "/auth/providers/:provider/link",
    { schema: { tags, params, response: { 200: signinUrlSchema } }, config: attemptsPerMinute },
    async (request, reply) => {
      const { userId } = requirePerson(request);
      const { provider, appUrl } = begin(request);
      return { url: await sendAway(reply, { provider, next: "/account", linkTo: userId, appUrl }) };
    },
  );

  app.get(
    "/auth/providers/:provider/callback",
    { schema: { tags, params }, config: attemptsPerMinute },
    async (request, reply) => {
      const appUrl = origins.appUrlFor(request.raw);
      const key = readCookie(request.headers.cookie, loginFlowCookieName(new URL(appUrl)));
      const flow = key === undefined ? undefined : flows.take(key);
      reply.header("set-cookie", loginFlowCookie(new URL(appUrl), "", 0));
      try {
        const provider = required(request.params.provider);
        if (flow?.provider !== provider.name) throw new Problem("server/login-flow-lost");
        const identity = await provider.identity(new URL(request.url, appUrl), flow.redirectUri, flow);
        if (flow.linkTo === undefined) {
          const user = await admit(identity, provider, { database, people, now });
          await beginBrowserSession(request, reply, user.id, services);
        } else {
          // The person must still be the one who asked for it.
          const user = request.requester?.userId === flow.linkTo ? await findUser(database, flow.linkTo) : undefined;
          if (user === undefined) throw new Problem("server/login-flow-lost");
          await link(identity, user, database, now());
        }
        return await reply.redirect(`${appUrl}${safePath(flow.next)}`);
      } catch (error) {
        return backToLogin(error, request, reply, flow?.linkTo === undefined ? "/login" : "/account");
      }
    },
  );

  function begin(request: FastifyRequest<{ Params: z.infer<typeof params> }>) {
    return { provider: required(request.params.provider), appUrl: origins.appUrlFor(request.raw) };
  }

  function required(name: string): LoginProvider {
    const provider = loginProviders.get(name);
    if (provider) return provider;
    throw new Problem("server/not-found", { message: `There is no login provider "${name}"` });
  }

  async function sendAway(
    reply: FastifyReply,
    to: { provider: LoginProvider; appUrl: string; next: string; linkTo?: string },
  ): Promise<string> {
    const redirectUri = `${to.appUrl}/api/auth/providers/${to.provider.name}/callback`;
    const { key, flow } = flows.begin({
      provider: to.provider.name,
      redirectUri,
      next: to.next,
      linkTo: to.linkTo,
    });
    const url = await to.provider.authorizationUrl(redirectUri, flow);
    reply.header("set-cookie", loginFlowCookie(new URL(to.appUrl), key, 600));
    return url.href;
  }

  /** A person looks at a page here, not at JSON. Only the code travels: the page has the words. */
  function backToLogin(error: unknown, request: FastifyRequest, reply: FastifyReply, page: string) {
    const problem = Problem.from(error);
    log.warn({ err: problem.cause ?? problem, code: problem.code }, "a login by a provider failed");
    const appUrl = origins.appUrlFor(request.raw);
    return reply.redirect(`${appUrl}${page}?problem=${encodeURIComponent(problem.code)}`);
  }
}

/** Only a path of ours, however it is written. */
function safePath(next: string): string {
  const url = new URL(next.replace(/^[/\\]*/, "/"), "http://app");
  return url.host === "app" ? `${url.pathname}${url.search}` : "/";
}

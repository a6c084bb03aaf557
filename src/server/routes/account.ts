import { z } from "zod";
import { accountSchema, setPasswordBodySchema } from "../../api/contract/account.ts";
import { emptyReplySchema } from "../../api/contract/common.ts";
import { Problem } from "../../api/problems.ts";
import { deleteIdentity, listIdentities } from "../../store/database/identities.ts";
import { findUser, updateUser, type UserRow } from "../../store/database/users.ts";
import { clientOriginOf } from "../auth/browser-session.ts";
import { requirePerson, requireUnlimited, requireUser } from "../auth/requester.ts";
import type { Services } from "../services.ts";
import { timestamp } from "../timestamp.ts";
import type { ZodApp } from "../zod-app.ts";

type AccountServices = Pick<
  Services,
  "accounts" | "config" | "database" | "live" | "loginProviders" | "passwordLogin" | "quotas"
>;

/** A person's own account. */
export function accountRoutes(app: ZodApp, services: AccountServices): void {
  const { accounts, config, database, live, loginProviders, passwordLogin, quotas } = services;
  const tags = ["account"];

  app.get("/account", { schema: { tags, response: { 200: accountSchema } } }, async request => {
    const user = await self(requireUser(request, "account:read").userId);
    const [identities, usage] = await Promise.all([listIdentities(database, user.id), quotas.usage(user.id)]);
    return {
      id: user.id,
      name: user.name,
      administrator: user.administrator === 1,
      hasPassword: user.password_hash !== null,
      passwordsAllowed: config.login.passwords,
      ...(user.email === null ? {} : { email: user.email }),
      ...(user.github_handle === null ? {} : { githubHandle: user.github_handle }),
      createdAt: timestamp(user.created_at),
      identities: identities.map(({ issuer, label, created_at }) => ({
        issuer,
        label,
        createdAt: timestamp(created_at),
      })),
      quotas: usage,
    };
  });

  app.put(
    "/account/password",
    { schema: { tags, body: setPasswordBodySchema, response: { 200: emptyReplySchema } } },
    async request => {
      const requester = requireUnlimited(request, "account:write");
      if (!config.login.passwords) {
        throw new Problem("server/forbidden", { message: "This server does not take passwords" });
      }
      const user = await self(requester.userId);
      const { current, password } = request.body;
      if (user.password_hash === null) requirePerson(request);
      else await passwordLogin.verify(user.name, current ?? "", clientOriginOf(request));
      await passwordLogin.set(user.id, password);
      // Whoever knew the old password may have come in with it.
      for (const session of await accounts.listSessions(user.id)) {
        if (session.kind === "local" || session.id === requester.credentialId) continue;
        await accounts.endSession(session.id);
        live.end(user.id, session.id);
      }
      return {};
    },
  );

  const querystring = z.object({ issuer: z.string().max(500) });
  app.delete(
    "/account/identities",
    { schema: { tags, querystring, response: { 200: emptyReplySchema } } },
    async request => {
      const { userId } = requirePerson(request);
      const { issuer } = request.query;
      if (!(await deleteIdentity(database, userId, issuer))) {
        throw new Problem("server/not-found", { message: "No identity of that provider is linked to your account" });
      }
      // GitHub no longer vouches for it; it would go on opening what is shared with that handle.
      if (issuer === loginProviders.get("github")?.issuer) await updateUser(database, userId, { github_handle: null });
      return {};
    },
  );

  async function self(userId: string): Promise<UserRow> {
    const user = await findUser(database, userId);
    if (user) return user;
    throw new Problem("server/not-authenticated");
  }
}

import { z } from "zod";
import { emptyReplySchema } from "../../api/contract/common.ts";
import {
  createdUserSchema,
  createUserBodySchema,
  type Invitation,
  invitationSchema,
  inviteBodySchema,
  updateUserBodySchema,
  type User,
  userSchema,
} from "../../api/contract/users.ts";
import { Problem } from "../../api/problems.ts";
import { listPlaygrounds } from "../../store/database/playgrounds.ts";
import { listExistingPlays } from "../../store/database/plays.ts";
import { listUsers, type UserRow } from "../../store/database/users.ts";
import { requireAdministrator } from "../auth/requester.ts";
import { requireGoodPassword } from "../auth/passwords.ts";
import { changePlay } from "../plays/play-actions.ts";
import type { Services } from "../services.ts";
import { timestamp } from "../timestamp.ts";
import type { ZodApp } from "../zod-app.ts";
import { loginUrl } from "./login.ts";

/** Time to pass an address on and have it opened. */
const invitationMs = 7 * 24 * 60 * 60_000;
const params = z.object({ user: z.string().max(200) });

type UserServices = Pick<
  Services,
  | "accounts"
  | "config"
  | "content"
  | "database"
  | "expiry"
  | "feeds"
  | "now"
  | "origins"
  | "passwordLogin"
  | "people"
  | "plays"
  | "quotas"
>;

/** The people of this installation, for administrators. `:user` is an id or a name. */
export function userRoutes(app: ZodApp, services: UserServices): void {
  const { accounts, config, database, origins, passwordLogin, people, quotas } = services;
  const tags = ["users"];

  app.get("/users", { schema: { tags, response: { 200: z.array(userSchema) } } }, async request => {
    requireAdministrator(request, "account:read");
    const [users, active] = await Promise.all([listUsers(database), quotas.activePlays()]);
    return users.map(user => userJson(user, active.get(user.id) ?? 0));
  });

  app.post(
    "/users",
    { schema: { tags, body: createUserBodySchema, response: { 200: createdUserSchema } } },
    async request => {
      requireAdministrator(request, "account:write");
      const { password, ...person } = request.body;
      if (password !== undefined) {
        requirePasswordsAllowed();
        requireGoodPassword(password, person.name);
      }
      const user = await people.add(person);
      if (password === undefined) {
        return { user: userJson(user, 0), invitation: await invite(user, origins.appUrlFor(request.raw)) };
      }
      await passwordLogin.set(user.id, password);
      return { user: userJson(await people.require(user.id), 0) };
    },
  );

  app.patch(
    "/users/:user",
    { schema: { tags, params, body: updateUserBodySchema, response: { 200: userSchema } } },
    async request => {
      requireAdministrator(request, "account:write");
      const user = await people.require(request.params.user);
      const { administrator, disabled, password } = request.body;
      if (password !== undefined) {
        requirePasswordsAllowed();
        requireGoodPassword(password, user.name);
        await people.resetPassword(user);
        await passwordLogin.set(user.id, password);
      }
      if (administrator !== undefined) await people.setAdministrator(user, administrator);
      if (disabled === true) await people.disable(user);
      if (disabled === false) await people.enable(user);
      const changed = await people.require(user.id);
      return userJson(changed, (await quotas.activePlays()).get(user.id) ?? 0);
    },
  );

  app.post(
    "/users/:user/invitations",
    { schema: { tags, params, body: inviteBodySchema.nullish(), response: { 200: invitationSchema } } },
    async request => {
      requireAdministrator(request, "account:write");
      const user = await people.require(request.params.user);
      if (user.disabled_at !== null) {
        throw new Problem("server/conflict", { message: `The account "${user.name}" is disabled; enable it first` });
      }
      if (request.body?.resetPassword) await people.resetPassword(user);
      return invite(user, origins.appUrlFor(request.raw));
    },
  );

  app.delete("/users/:user", { schema: { tags, params, response: { 200: emptyReplySchema } } }, async request => {
    requireAdministrator(request, "account:write");
    const user = await people.require(request.params.user);
    const playgrounds = await listPlaygrounds(database, user.id);
    await people.remove(user, () => destroyPlaysOf(user.id));
    for (const { id } of playgrounds) await services.content.removeAll(id);
    return {};
  });

  async function invite(user: UserRow, appUrl: string): Promise<Invitation> {
    const { code, expiresAt } = await accounts.createLoginCode(user.id, invitationMs);
    return { url: loginUrl(appUrl, code), expiresAt: timestamp(expiresAt) };
  }

  function requirePasswordsAllowed(): void {
    if (!config.login.passwords) {
      throw new Problem("server/forbidden", { message: "This server does not take passwords" });
    }
  }

  async function destroyPlaysOf(userId: string): Promise<void> {
    const { plays, now, expiry, feeds } = services;
    const onPlayChanged = (playId: string) => feeds.poke(playId);
    const deps = { database, plays, quotas, now, onExpiryChanged: () => expiry.refresh(), onPlayChanged };
    for (const row of await listExistingPlays(database, userId)) await changePlay(row, { action: "destroy" }, deps);
  }
}

function userJson(user: UserRow, activePlays: number): User {
  return {
    id: user.id,
    name: user.name,
    administrator: user.administrator === 1,
    disabled: user.disabled_at !== null,
    hasPassword: user.password_hash !== null,
    ...(user.email === null ? {} : { email: user.email }),
    ...(user.github_handle === null ? {} : { githubHandle: user.github_handle }),
    createdAt: timestamp(user.created_at),
    activePlays,
  };
}

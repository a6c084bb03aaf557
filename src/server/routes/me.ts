import { z } from "zod";
import { preferencesBodySchema } from "../../api/contract/account.ts";
import { type Me, meSchema } from "../../api/contract/me.ts";
import { Problem } from "../../api/problems.ts";
import { findUser, updateUser, type UserRow } from "../../store/database/users.ts";
import { requireUser } from "../auth/requester.ts";
import type { Services } from "../services.ts";
import type { ZodApp } from "../zod-app.ts";

/** Who asks, and the one thing that they may prefer. */
export function meRoutes(app: ZodApp, { database }: Pick<Services, "database">): void {
  const tags = ["login"];
  const querystring = z.object({ authenticate: z.string().optional() });

  async function meOf(userId: string): Promise<Me> {
    const user = await findUser(database, userId);
    if (user === undefined) throw new Problem("server/not-authenticated");
    return meOfUser(user);
  }

  app.get(
    "/auth/me",
    // The official client throws its credentials away when this fails in any way, a rate limit included.
    { schema: { tags, querystring, response: { 200: meSchema } }, config: { rateLimit: false } },
    async request => meOf(requireUser(request, "account:read").userId),
  );

  app.patch(
    "/account/preferences",
    { schema: { tags, body: preferencesBodySchema, response: { 200: meSchema } } },
    async request => {
      const { userId } = requireUser(request, "account:write");
      await updateUser(database, userId, { region: request.body.region });
      return meOf(userId);
    },
  );
}

export function meOfUser(user: UserRow): Me {
  return {
    id: user.id,
    name: user.name,
    administrator: user.administrator === 1,
    ...(user.github_handle === null ? {} : { githubProfileId: user.github_handle }),
    ...(user.region === null ? {} : { preferredRegion: user.region }),
  };
}

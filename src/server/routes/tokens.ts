import { z } from "zod";
import { emptyReplySchema } from "../../api/contract/common.ts";
import { type AccessToken, createTokenBodySchema, type ScopeName, tokenSchema } from "../../api/contract/tokens.ts";
import { Problem } from "../../api/problems.ts";
import { deleteToken, insertToken, listTokens, type TokenRow } from "../../store/database/tokens.ts";
import { requireUser } from "../auth/requester.ts";
import { newId, newSecret, sha256 } from "../auth/secrets.ts";
import type { Services } from "../services.ts";
import { timestamp } from "../timestamp.ts";
import type { ZodApp } from "../zod-app.ts";

const defaultDays = 90;
const maxTokens = 100;
const dayMs = 24 * 60 * 60_000;

/** Personal access tokens for scripts. */
export function tokenRoutes(app: ZodApp, { database, now, live }: Pick<Services, "database" | "now" | "live">): void {
  const tags = ["tokens"];

  app.post(
    "/oauth/tokens",
    { schema: { tags, body: createTokenBodySchema, response: { 200: tokenSchema } } },
    async request => {
      const requester = requireUser(request, "account:write");
      const { name, scope, expiresInDays } = request.body;
      const beyond = scope.filter(each => !requester.scopes.includes(each));
      if (beyond.length > 0) {
        throw new Problem("server/forbidden", { message: `Your own token lacks: ${beyond.join(", ")}` });
      }
      if ((await listTokens(database, requester.userId, now())).length >= maxTokens) {
        throw new Problem("server/conflict", { message: `You have ${maxTokens} tokens already; delete some first` });
      }
      const secret = `lab_${newSecret()}`;
      const row: TokenRow = {
        id: newId(),
        user_id: requester.userId,
        name,
        scope: JSON.stringify(scope),
        secret_sha256: sha256(secret),
        created_at: now(),
        expires_at: now() + (expiresInDays ?? defaultDays) * dayMs,
        used_at: null,
      };
      await insertToken(database, row);
      return { ...tokenJson(row), accessToken: secret };
    },
  );

  app.get("/oauth/tokens", { schema: { tags, response: { 200: z.array(tokenSchema) } } }, async request => {
    const { userId } = requireUser(request, "account:read");
    return (await listTokens(database, userId, now())).map(tokenJson);
  });

  const params = z.object({ id: z.string().max(100) });
  app.delete("/oauth/tokens/:id", { schema: { tags, params, response: { 200: emptyReplySchema } } }, async request => {
    const { userId } = requireUser(request, "account:write");
    if (!(await deleteToken(database, userId, request.params.id))) {
      throw new Problem("server/not-found", { message: "There is no such token" });
    }
    live.end(userId, request.params.id);
    return {};
  });
}

function tokenJson(row: TokenRow): AccessToken {
  return {
    id: row.id,
    kind: "personal",
    name: row.name,
    scope: JSON.parse(row.scope) as ScopeName[],
    createdAt: timestamp(row.created_at),
    expiresAt: timestamp(row.expires_at),
    ...(row.used_at === null ? {} : { usedAt: timestamp(row.used_at) }),
  };
}

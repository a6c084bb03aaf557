import { z } from "zod";
import { integerSchema, timestampSchema } from "./common.ts";

export const scopeNames = [
  "account:read",
  "account:write",
  "learning:read",
  "learning:write",
  "playground:read",
  "playground:write",
  "author:read",
  "author:write",
] as const;
const scopeSchema = z.enum(scopeNames);
export type ScopeName = z.infer<typeof scopeSchema>;

export const createTokenBodySchema = z.object({
  name: z.string().trim().min(1).max(100),
  scope: z.array(scopeSchema).min(1),
  expiresInDays: integerSchema.min(1).max(3650).nullish(),
});
export type CreateTokenBody = z.infer<typeof createTokenBodySchema>;

/**
 * A personal access token for scripts: sent as `Authorization: Bearer <token>`. Id and token are also a pair that the
 * official client takes: `labctl auth login --session-id <id> --access-token <token>`.
 */
export const tokenSchema = z
  .object({
    id: z.string(),
    kind: z.literal("personal"),
    name: z.string(),
    scope: z.array(scopeSchema),
    createdAt: timestampSchema,
    expiresAt: timestampSchema,
    usedAt: timestampSchema.optional(),
    /** Only in the reply that creates the token; never shown again. */
    accessToken: z.string().optional(),
  })
  .meta({ id: "AccessToken" });
export type AccessToken = z.infer<typeof tokenSchema>;

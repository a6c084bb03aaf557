import { z } from "zod";
import { integerSchema, timestampSchema } from "./common.ts";

/** Of one thing: how much of it a person's active plays use, and how much they may. */
const usageSchema = z.object({ used: integerSchema, limit: integerSchema });

/** What a person's active plays use together, and what all plays take of the host's memory. */
export const quotasSchema = z
  .object({ activePlays: usageSchema, vcpus: usageSchema, memoryMiB: usageSchema, hostMemoryMiB: usageSchema })
  .meta({ id: "Quotas" });
export type Quotas = z.infer<typeof quotasSchema>;

/** A person's own account, for their account page. */
export const accountSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    administrator: z.boolean(),
    hasPassword: z.boolean(),
    /** False where passwords are switched off. */
    passwordsAllowed: z.boolean(),
    email: z.string().optional(),
    githubHandle: z.string().optional(),
    createdAt: timestampSchema,
    identities: z.array(z.object({ issuer: z.string(), label: z.string(), createdAt: timestampSchema })),
    quotas: quotasSchema,
  })
  .meta({ id: "Account" });
export type Account = z.infer<typeof accountSchema>;

export const setPasswordBodySchema = z.object({
  /** Needed when there is a password already. */
  current: z.string().max(1000).optional(),
  password: z.string().max(1000),
});
export type SetPasswordBody = z.infer<typeof setPasswordBodySchema>;

/** The official client knows "eu" and "ap". One host is one region, so this is only remembered. */
export const preferencesBodySchema = z.object({
  region: z.string().regex(/^[a-z][a-z0-9-]{0,29}$/, "must be a short word in lower case, e.g. eu"),
});

/** Somebody's place at the table: a browser, an official client, the command line of the server's home. */
export const accountSessionSchema = z
  .object({
    id: z.string(),
    kind: z.enum(["browser", "client", "local"]),
    userAgent: z.string(),
    address: z.string().optional(),
    createdAt: timestampSchema,
    usedAt: timestampSchema.optional(),
    expiresAt: timestampSchema,
    /** The one that asks. */
    current: z.boolean(),
  })
  .meta({ id: "AccountSession" });
export type AccountSession = z.infer<typeof accountSessionSchema>;

import { z } from "zod";
import { integerSchema, timestampSchema } from "./common.ts";

const userNameSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9._-]{0,38}[a-z0-9])?$/, "must be 1 to 40 lower-case letters, digits, dots, - or _");

const handleSchema = z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})$/, "is not a GitHub handle");

/** Somebody with an account, as administrators see them. */
export const userSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    administrator: z.boolean(),
    disabled: z.boolean(),
    hasPassword: z.boolean(),
    email: z.string().optional(),
    githubHandle: z.string().optional(),
    createdAt: timestampSchema,
    activePlays: integerSchema,
  })
  .meta({ id: "User" });
export type User = z.infer<typeof userSchema>;

export const createUserBodySchema = z.object({
  name: userNameSchema,
  administrator: z.boolean().default(false),
  /** Lets this GitHub account log in as the new person. */
  githubHandle: handleSchema.optional(),
  /** Lets who has this verified address at a login provider log in as the new person. */
  email: z.email().max(254).optional(),
  password: z.string().max(1000).optional(),
});
export type CreateUserBody = z.input<typeof createUserBodySchema>;

export const updateUserBodySchema = z.object({
  administrator: z.boolean().optional(),
  disabled: z.boolean().optional(),
  password: z.string().max(1000).optional(),
});
export type UpdateUserBody = z.infer<typeof updateUserBodySchema>;

/** A one-time address that logs its holder in as this person. */
export const inviteBodySchema = z.object({
  /** Also takes the password away and ends all sessions. */
  resetPassword: z.boolean().default(false),
});
export const invitationSchema = z.object({ url: z.string(), expiresAt: timestampSchema }).meta({ id: "Invitation" });
export type Invitation = z.infer<typeof invitationSchema>;

export const createdUserSchema = z.object({ user: userSchema, invitation: invitationSchema.optional() });
export type CreatedUser = z.infer<typeof createdUserSchema>;

import { z } from "zod";
import { timestampSchema } from "./common.ts";

/** A client that asks to act for a person; the person approves it in the browser. */
export const loginSessionSchema = z
  .object({
    id: z.string(),
    userId: z.string(),
    authenticated: z.boolean(),
    /** Where the person approves. */
    authUrl: z.string(),
    /** Only in the reply that creates the session. */
    accessToken: z.string().optional(),
    createdAt: timestampSchema,
    expiresAt: timestampSchema,
    /** What the asking client calls itself, for the approval page. */
    userAgent: z.string(),
    /** The network address it asked from. */
    address: z.string().optional(),
  })
  .meta({ id: "LoginSession" });
export type LoginSession = z.infer<typeof loginSessionSchema>;

/** Trades a one-time code, or a name and password, for a browser session (a cookie). */
export const loginBodySchema = z.union([
  z.object({ code: z.string().min(1).max(200) }),
  z.object({ name: z.string().min(1).max(200), password: z.string().min(1).max(1000) }),
]);
export type LoginBody = z.infer<typeof loginBodySchema>;

/** How people may log in here. */
export const loginMethodsSchema = z
  .object({
    passwords: z.boolean(),
    /** `name` goes into addresses, `label` onto the button. */
    providers: z.array(z.object({ name: z.string(), label: z.string(), issuer: z.string() })),
  })
  .meta({ id: "LoginMethods" });
export type LoginMethods = z.infer<typeof loginMethodsSchema>;

/** A new one-time login URL for the same person. */
export const loginCodeSchema = z.object({ url: z.string(), expiresAt: timestampSchema }).meta({ id: "LoginCode" });
export type LoginCode = z.infer<typeof loginCodeSchema>;

export const signinUrlSchema = z.object({ url: z.string() });

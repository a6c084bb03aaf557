import { z } from "zod";

const secretFields = {
  /** A file that holds it, and nothing else. */
  clientSecretFile: z.string().min(1).optional(),
  /** Name of an environment variable of the server. */
  clientSecretEnv: z.string().min(1).optional(),
};
/** Where a client secret is; exactly one of the two. */
export interface SecretPlace {
  clientSecretFile?: string | undefined;
  clientSecretEnv?: string | undefined;
}
const oneSecret = ({ clientSecretFile, clientSecretEnv }: SecretPlace) =>
  (clientSecretFile === undefined) !== (clientSecretEnv === undefined);
const needsOneSecret = { message: "give either clientSecretFile or clientSecretEnv" };

/** Who may make themselves an account by their first login. People that were added before never need it. */
const allow = {
  anyone: z.boolean().default(false),
};

const oidcSchema = z
  .strictObject({
    /** Goes into addresses: the provider redirects to <address of the app>/api/auth/providers/<name>/callback */
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,30}$/, "must be lower-case letters, digits and -"),
    /** On the button; default: the name. */
    label: z.string().min(1).max(40).optional(),
    issuer: z.url({ protocol: /^https?$/ }),
    clientId: z.string().min(1),
    ...secretFields,
    scopes: z.array(z.string().min(1)).default(["openid", "profile", "email"]),
    allow: z
      .strictObject({ ...allow, emails: z.array(z.email()).default([]), domains: z.array(z.string()).default([]) })
      .prefault({}),
  })
  .refine(oneSecret, needsOneSecret)
  .refine(({ scopes }) => scopes.includes("openid"), { message: 'scopes must include "openid"' })
  .refine(({ issuer }) => new URL(issuer).protocol === "https:" || isLoopback(new URL(issuer).hostname), {
    message: "an issuer must be https",
  });
export type OidcConfig = z.infer<typeof oidcSchema>;

const githubSchema = z
  .strictObject({
    clientId: z.string().min(1),
    ...secretFields,
    label: z.string().min(1).max(40).default("GitHub"),
    /** Another one for GitHub Enterprise. */
    url: z.url({ protocol: /^https?$/ }).default("https://github.com"),
    apiUrl: z.url({ protocol: /^https?$/ }).default("https://api.github.com"),
    allow: z.strictObject({ ...allow, handles: z.array(z.string()).default([]) }).prefault({}),
  })
  .refine(oneSecret, needsOneSecret)
  .refine(
    ({ url, apiUrl }) =>
      [url, apiUrl].every(each => new URL(each).protocol === "https:" || isLoopback(new URL(each).hostname)),
    {
      message: "GitHub must be reached by https",
    },
  );
export type GithubConfig = z.infer<typeof githubSchema>;

/** The section `login`: how people get in besides one-time addresses. */
export const loginSchema = z
  .strictObject({
    passwords: z.boolean().default(true),
    oidc: z
      .array(oidcSchema)
      .max(10)
      .default([])
      .refine(providers => new Set(providers.map(({ name }) => name)).size === providers.length, {
        message: "two providers have one name",
      })
      .refine(providers => providers.every(({ name }) => name !== "github"), {
        message: 'the name "github" is kept for the section github',
      }),
    github: githubSchema.optional(),
  })
  .prefault({});

/** Without TLS a code or token could be read on the way; on this machine there is no way. */
function isLoopback(host: string): boolean {
  return host === "localhost" || host === "127.0.0.1" || host === "[::1]";
}

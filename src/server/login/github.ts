import { createHash } from "node:crypto";
import { z } from "zod";
import { Problem } from "../../api/problems.ts";
import type { GithubConfig } from "./login-config.ts";
import type { LoginProvider } from "./provider.ts";

const requestTimeoutMs = 15_000;
const tokenSchema = z.object({ access_token: z.string().min(1) });
const userSchema = z.object({ id: z.int(), login: z.string().regex(/^[A-Za-z0-9-]+(?:_[A-Za-z0-9]+)?$/) });

/** GitHub is no OpenID provider: OAuth 2 for the code, its own API for who it is. No permission is asked for. */
export function githubProvider(config: GithubConfig, clientSecret: string): LoginProvider {
  return {
    name: "github",
    label: config.label,
    issuer: config.url,

    async authorizationUrl(redirectUri, { state, codeVerifier }) {
      const url = new URL(`${config.url}/login/oauth/authorize`);
      url.search = new URLSearchParams({
        client_id: config.clientId,
        redirect_uri: redirectUri,
        state,
        code_challenge: createHash("sha256").update(codeVerifier).digest("base64url"),
        code_challenge_method: "S256",
      }).toString();
      return url;
    },

    async identity(callbackUrl, redirectUri, { state, codeVerifier }) {
      const code = callbackUrl.searchParams.get("code");
      if (code === null || callbackUrl.searchParams.get("state") !== state) {
        const told = callbackUrl.searchParams.get("error");
        throw failed(told === null ? "the reply has no code or a wrong state" : `GitHub answered ${told.slice(0, 60)}`);
      }
      const token = await ask(`${config.url}/login/oauth/access_token`, tokenSchema, {
        method: "POST",
        headers: { accept: "application/json" },
        body: new URLSearchParams({
          client_id: config.clientId,
          client_secret: clientSecret,
          code,
          redirect_uri: redirectUri,
          code_verifier: codeVerifier,
        }),
      });
      const user = await ask(`${config.apiUrl}/user`, userSchema, {
        headers: {
          accept: "application/vnd.github+json",
          authorization: `Bearer ${token.access_token}`,
          "user-agent": "labyard",
        },
      });
      return {
        issuer: config.url,
        subject: String(user.id),
        label: user.login,
        suggestedName: user.login,
        githubHandle: user.login,
      };
    },

    mayRegister({ githubHandle = "" }) {
      const { anyone, handles } = config.allow;
      return anyone || handles.some(each => each.toLowerCase() === githubHandle.toLowerCase());
    },
  };
}

async function ask<T>(url: string, schema: z.ZodType<T>, init: RequestInit): Promise<T> {
  try {
    const response = await fetch(url, {
      ...init,
      // The secret goes to the address that the operator wrote, and to no other.
      redirect: "error",
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    if (!response.ok) throw new Error(`${url} answered with status ${response.status}`);
    return schema.parse(await response.json());
  } catch (cause) {
    throw failed("GitHub could not be asked", cause);
  }
}

function failed(why: string, cause?: unknown): Problem {
  return new Problem("server/login-provider-failed", { message: `The login with GitHub failed: ${why}`, cause });
}

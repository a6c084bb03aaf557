import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  type Configuration,
  discovery,
} from "openid-client";
import { Problem } from "../../api/problems.ts";
import type { OidcConfig } from "./login-config.ts";
import type { LoginProvider, VerifiedIdentity } from "./provider.ts";

const requestTimeoutSeconds = 15;
/** Keys and addresses of a provider change; so long what it said is believed. */
const rediscoverAfterMs = 60 * 60_000;

/** Any OpenID provider: authorization code with PKCE, state and nonce. It is asked for its addresses when first used. */
export function oidcProvider(config: OidcConfig, clientSecret: string, now: () => number): LoginProvider {
  let discovered: { at: number; configuration: Promise<Configuration> } | undefined;

  function configuration(): Promise<Configuration> {
    if (discovered !== undefined && now() - discovered.at < rediscoverAfterMs) return discovered.configuration;
    const issuer = new URL(config.issuer);
    const found = discovery(issuer, config.clientId, clientSecret, undefined, {
      timeout: requestTimeoutSeconds,
      // Only loopback gets through the configuration without TLS.
      ...(issuer.protocol === "http:" ? { execute: [allowInsecureRequests] } : {}),
    });
    const entry = { at: now(), configuration: found };
    discovered = entry;
    // A provider that was away must be asked again.
    found.catch(() => (discovered === entry ? (discovered = undefined) : undefined));
    return found;
  }

  return {
    name: config.name,
    label: config.label ?? config.name,
    issuer: config.issuer,

    async authorizationUrl(redirectUri, { state, nonce, codeVerifier }) {
      try {
        return buildAuthorizationUrl(await configuration(), {
          redirect_uri: redirectUri,
          scope: config.scopes.join(" "),
          code_challenge: await calculatePKCECodeChallenge(codeVerifier),
          code_challenge_method: "S256",
          state,
          nonce,
        });
      } catch (cause) {
        throw failed(config.name, cause);
      }
    },

    async identity(callbackUrl, _redirectUri, { state, nonce, codeVerifier }) {
      try {
        const tokens = await authorizationCodeGrant(await configuration(), callbackUrl, {
          pkceCodeVerifier: codeVerifier,
          expectedState: state,
          expectedNonce: nonce,
          idTokenExpected: true,
        });
        const claims = tokens.claims();
        if (claims === undefined) throw new Error("the reply has no id_token");
        return identityOf(claims);
      } catch (cause) {
        throw failed(config.name, cause);
      }
    },

    mayRegister({ email }) {
      const { anyone, emails, domains } = config.allow;
      if (anyone) return true;
      if (email === undefined) return false;
      const [, domain = ""] = /@([^@]+)$/.exec(email.toLowerCase()) ?? [];
      return (
        emails.some(each => each.toLowerCase() === email.toLowerCase()) ||
        domains.some(each => each.toLowerCase() === domain)
      );
    },
  };
}

function identityOf(claims: Record<string, unknown> & { iss: string; sub: string }): VerifiedIdentity {
  const text = (name: string) => (typeof claims[name] === "string" ? claims[name] : undefined);
  const email = claims.email_verified === true ? text("email") : undefined;
  return {
    issuer: claims.iss,
    subject: claims.sub,
    label: email ?? text("preferred_username") ?? claims.sub,
    suggestedName: text("preferred_username") ?? email?.split("@")[0] ?? text("name") ?? "user",
    ...(email === undefined ? {} : { email }),
  };
}

function failed(name: string, cause: unknown): Problem {
  return new Problem("server/login-provider-failed", { message: `The login with "${name}" failed`, cause });
}

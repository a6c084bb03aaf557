import { newSecret, sha256 } from "../auth/secrets.ts";
import type { LoginChecks } from "./provider.ts";

/** A login that has been sent away to a provider and has not come back yet. */
export interface LoginFlow extends LoginChecks {
  provider: string;
  redirectUri: string;
  /** Where the person wanted to go. */
  next: string;
  /** Set when a person who is logged in links an identity to their account. */
  linkTo: string | undefined;
}

const lifetimeMs = 10 * 60_000;
const maxFlows = 10_000;

/**
 * Logins under way, by a key that only the browser which began them has (in a cookie): an answer of the provider is
 * worth nothing in another browser, and nothing a second time. Kept in memory; after a restart one begins again.
 */
export class LoginFlows {
  readonly #now: () => number;
  readonly #flows = new Map<string, LoginFlow & { expiresAtMs: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  begin(flow: Omit<LoginFlow, keyof LoginChecks>): { key: string; flow: LoginFlow } {
    for (const [key, { expiresAtMs }] of this.#flows) {
      if (expiresAtMs <= this.#now() || this.#flows.size >= maxFlows) this.#flows.delete(key);
    }
    const key = newSecret();
    const begun = { ...flow, state: newSecret(), nonce: newSecret(), codeVerifier: newSecret() };
    this.#flows.set(sha256(key), { ...begun, expiresAtMs: this.#now() + lifetimeMs });
    return { key, flow: begun };
  }

  /** Once. */
  take(key: string): LoginFlow | undefined {
    const digest = sha256(key);
    const flow = this.#flows.get(digest);
    this.#flows.delete(digest);
    return flow !== undefined && flow.expiresAtMs > this.#now() ? flow : undefined;
  }
}

import type { Database } from "../../store/database/open-database.ts";
import type { PlayRow } from "../../store/database/plays.ts";
import {
  deleteOldTunnels,
  findLiveTunnel,
  insertTunnel,
  markTunnelUsed,
  type TunnelRow,
} from "../../store/database/tunnels.ts";
import { readCookie } from "../auth/cookies.ts";
import type { Holder } from "../auth/live-connections.ts";
import type { Requester } from "../auth/requester.ts";
import { newId, newSecret, secretMatches, sha256 } from "../auth/secrets.ts";
import type { TicketKind } from "../tickets.ts";

/** The official client knows no other name. */
const cookieName = ".ixcondsess";

/** A client whose network stumbles asks for its login URL again for a minute. */
export const tunnelTicketKind: TicketKind<{ tunnelId: string; secret: string }> = {
  name: "tunnel",
  lifetimeMs: 5 * 60_000,
  reusable: true,
};

/**
 * Every `ssh` and `cp` opens one and never gives it back, while a forward that nobody used for days must still work: its
 * client knows nothing but the cookie. So only age ends them; the bound is there for who opens them without end.
 */
const unusedMaxMs = 30 * 24 * 60 * 60_000;
const maxPerPlay = 20_000;
const usedPrecisionMs = 60_000;

/**
 * Who may use which tunnel. A tunnel belongs to one machine of one play and to the session or token that opened it,
 * and ends with any of them; only the digest of its secret is kept.
 */
export class TunnelCredentials {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  /** A new tunnel and the secret that is shown once. */
  async open(play: PlayRow, machine: string, requester: Requester): Promise<{ tunnelId: string; secret: string }> {
    const secret = newSecret();
    const nowMs = this.#now();
    const isToken = requester.via === "token";
    const tunnel: TunnelRow = {
      id: newId(),
      play_id: play.id,
      machine,
      user_id: requester.userId,
      session_id: isToken ? null : requester.credentialId,
      token_id: isToken ? requester.credentialId : null,
      secret_sha256: sha256(secret),
      created_at: nowMs,
      used_at: nowMs,
    };
    await insertTunnel(this.#database, tunnel);
    await deleteOldTunnels(this.#database, play.id, { unusedSinceMs: nowMs - unusedMaxMs, keep: maxPerPlay });
    return { tunnelId: tunnel.id, secret };
  }

  /** The tunnel that this Cookie header opens. */
  async admit(tunnelId: string, cookie: string | undefined): Promise<TunnelRow | undefined> {
    const secret = readCookie(cookie, cookieName);
    if (secret === undefined) return undefined;
    const tunnel = await this.find(tunnelId);
    return tunnel !== undefined && secretMatches(secret, tunnel.secret_sha256) ? tunnel : undefined;
  }

  /** The tunnel while it is good; noted as used. */
  async find(tunnelId: string): Promise<TunnelRow | undefined> {
    const nowMs = this.#now();
    const tunnel = await findLiveTunnel(this.#database, tunnelId, nowMs);
    if (tunnel !== undefined && nowMs - tunnel.used_at > usedPrecisionMs) {
      await markTunnelUsed(this.#database, tunnelId, nowMs);
    }
    return tunnel;
  }

  /** The Set-Cookie header of the login URL. A browser that follows it keeps the cookie to this one tunnel. */
  cookie(tunnelId: string, secret: string, isSecure: boolean): string {
    return `${cookieName}=${secret}; Path=${tunnelPath(tunnelId)}; HttpOnly; SameSite=Strict${isSecure ? "; Secure" : ""}`;
  }
}

/** Whose right a tunnel is. */
export function holderOfTunnel({ user_id, session_id, token_id }: TunnelRow): Holder {
  return { userId: user_id, credentialId: session_id ?? token_id ?? "" };
}

export const tunnelPath = (tunnelId: string) => `/api/gateway/${tunnelId}`;

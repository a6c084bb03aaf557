import { createHmac, timingSafeEqual } from "node:crypto";
import type { Holder } from "../auth/live-connections.ts";
import type { TicketKind } from "../tickets.ts";

/** Lets one browser into one private port, through a URL. */
export const portTicketKind: TicketKind<{ portId: string; holder: Holder }> = {
  name: "port",
  lifetimeMs: 60_000,
  reusable: false,
};

/** Name of the ticket in the URL; it is taken out of the address at once. */
export const portTicketParameter = "labyard_ticket";

const passLifetimeMs = 12 * 60 * 60_000;

/**
 * What the cookie on a private port's origin says: this browser may use this port until then. Signed instead of
 * stored, so it survives restarts of the server and costs nothing per request.
 */
export class PortPasses {
  readonly #key: string;
  readonly #now: () => number;

  constructor(key: string, now: () => number) {
    this.#key = key;
    this.#now = now;
  }

  create(portId: string, { userId, credentialId }: Holder): string {
    const claim = `${portId}.${userId}.${credentialId}.${this.#now() + passLifetimeMs}`;
    return `${claim}.${this.#sign(claim)}`;
  }

  /** Whose right the pass stands for; undefined unless it is ours, for this port, and not too old. */
  opens(portId: string, pass: string): Holder | undefined {
    const end = pass.lastIndexOf(".");
    const claim = pass.slice(0, Math.max(0, end));
    const signature = Buffer.from(pass.slice(end + 1));
    const expected = Buffer.from(this.#sign(claim));
    if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) return undefined;
    const [claimedPort, userId = "", credentialId = "", expiresAtMs] = claim.split(".");
    return claimedPort === portId && Number(expiresAtMs) > this.#now() ? { userId, credentialId } : undefined;
  }

  #sign(claim: string): string {
    return createHmac("sha256", this.#key).update(claim).digest("base64url");
  }
}

import type { IncomingMessage } from "node:http";
import { Problem } from "../../api/problems.ts";
import type { Accounts } from "../auth/accounts.ts";
import { credentialOf } from "../auth/authenticate.ts";
import { portCookieName, readCookie } from "../auth/cookies.ts";
import type { Holder } from "../auth/live-connections.ts";
import { holderOf, type Requester } from "../auth/requester.ts";
import type { Origins } from "../origins.ts";
import type { Tickets } from "../tickets.ts";
import { type PortPasses, portTicketKind, portTicketParameter } from "./port-pass.ts";

export type Admission =
  | {
      kind: "admitted";
      dropAuthorization: boolean;
      /** Whose right let them in; absent at public ports. */
      holder?: Holder;
    }
  | { kind: "redirect"; location: string; headers: Record<string, string> }
  | {
      kind: "refused";
      page: { status: number; title: string; text: string; link?: { href: string; label: string } };
    };

/** What stands behind a host name of its own: an exposed port or a shared shell. */
interface Exposed {
  /** Its name in the API's paths. */
  kind: "ports" | "shells";
  id: string;
  play_id: string;
  label: string;
  access: "private" | "public";
  /** Of the play. */
  owner: string;
}

/** The answer to a program that asked for a socket. */
export function privateTo(what: "port" | "shell"): Problem {
  return new Problem("server/forbidden", {
    message: `This ${what} is private: only the owner of the play may open it`,
    hint: "Open it from the page of the play, or send the owner's credentials.",
  });
}

export interface PortGateOptions {
  accounts: Accounts;
  tickets: Tickets;
  passes: PortPasses;
  origins: Origins;
}

/** Decides who gets through to an exposed port or shell: everybody to a public one, the play's owner to a private one. */
export class PortGate {
  readonly #options: PortGateOptions;

  constructor(options: PortGateOptions) {
    this.#options = options;
  }

  async admit(port: Exposed, request: IncomingMessage): Promise<Admission> {
    const caller = await this.#callerOf(request.headers.authorization);
    const dropAuthorization = caller !== undefined;
    if (port.access === "public") return { kind: "admitted", dropAuthorization };

    const url = new URL(request.url ?? "/", "http://port");
    const ticket = url.searchParams.get(portTicketParameter);
    const pass = readCookie(request.headers.cookie, portCookieName);
    const passHolder = pass === undefined ? undefined : await this.#holderOfPass(port, pass);
    if (ticket !== null && request.method === "GET") {
      const fresh = this.#options.tickets.redeem(portTicketKind, ticket);
      if (fresh?.portId === port.id) return this.#welcome(port, fresh.holder, request, url);
      if (passHolder) return { kind: "redirect", location: withoutTicket(url), headers: {} };
    }
    const isOwner = caller !== undefined && (caller.userId === port.owner || caller.administrator);
    if (isOwner) return { kind: "admitted", dropAuthorization, holder: holderOf(caller) };
    if (passHolder && this.#comesFromSamePlay(port, request)) {
      return { kind: "admitted", dropAuthorization, holder: passHolder };
    }
    return this.#refuse(port, request, url);
  }

  /** A credential of ours in the header, which also tells that the app must not see it. */
  async #callerOf(authorization: string | undefined): Promise<Requester | undefined> {
    if (authorization === undefined) return undefined;
    return (await credentialOf(authorization, this.#options.accounts))?.requester;
  }

  /** Good as long as the session it came from: logging out, or being disabled, closes the ports. */
  async #holderOfPass(port: Exposed, pass: string): Promise<Holder | undefined> {
    const holder = this.#options.passes.opens(port.id, pass);
    return holder && (await this.#options.accounts.stillHolds(holder)) ? holder : undefined;
  }

  /** The ticket becomes a cookie of this one host, and leaves the address bar. */
  #welcome(port: Exposed, holder: Holder, request: IncomingMessage, url: URL): Admission {
    const pass = this.#options.passes.create(port.id, holder);
    const overHttp = this.#options.origins.appUrlFor(request).startsWith("http:");
    const isLoopbackName = this.#options.origins.portHostName(port.label).endsWith(".localhost");
    // The frame's page is of another site than ours, so the cookie has to say None; browsers then demand Secure, which
    // they accept over plain http on localhost only. Partitioned: no other site that frames the port can use it.
    const sameSite = overHttp && !isLoopbackName ? "SameSite=Lax" : "SameSite=None; Secure; Partitioned";
    const cookie = `${portCookieName}=${pass}; Path=/; HttpOnly; ${sameSite}; Max-Age=43200`;
    return { kind: "redirect", location: withoutTicket(url), headers: { "set-cookie": cookie } };
  }

  /** Pages of other sites may not use the visitor's cookie to change something in the app or to open a socket to it. */
  #comesFromSamePlay(port: Exposed, request: IncomingMessage): boolean {
    const { origin } = request.headers;
    const isHarmless = ["GET", "HEAD", "OPTIONS"].includes(request.method ?? "") && !request.headers.upgrade;
    if (isHarmless || origin === undefined) return true;
    const label = URL.canParse(origin) ? this.#options.origins.portLabelOf(new URL(origin).host) : undefined;
    return label?.startsWith(`${port.play_id}-`) ?? false;
  }

  #refuse(port: Exposed, request: IncomingMessage, url: URL): Admission {
    const { origins } = this.#options;
    url.searchParams.delete(portTicketParameter);
    const path = encodeURIComponent(`${url.pathname}${url.search}`);
    const open = `${origins.appUrlFor(request)}/api/plays/${port.play_id}/${port.kind}/${port.id}/open?path=${path}`;
    // Typed into the address bar: the app knows whether this person is logged in, and sends them back with a ticket.
    if (request.method === "GET" && request.headers["sec-fetch-dest"] === "document") {
      return { kind: "redirect", location: open, headers: {} };
    }
    return {
      kind: "refused",
      page: {
        status: 401,
        title: `This ${port.kind === "ports" ? "port" : "shell"} is private`,
        text: "Only the owner of the play may open it.",
        link: { href: open, label: "Open it as the owner" },
      },
    };
  }
}

function withoutTicket(url: URL): string {
  url.searchParams.delete(portTicketParameter);
  // Two slashes at the start would make another host of the first segment.
  return `/${url.pathname.replace(/^\/+/, "")}${url.search}`;
}

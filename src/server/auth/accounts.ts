import type { ScopeName } from "../../api/contract/tokens.ts";
import { Problem } from "../../api/problems.ts";
import { insertLoginCode, takeLoginCode } from "../../store/database/login-codes.ts";
import type { Database } from "../../store/database/open-database.ts";
import {
  approveSession,
  countPendingSessions,
  deleteSession,
  extendSession,
  findSession,
  insertSession,
  listSessions,
  type SessionRow,
  touchSession,
} from "../../store/database/sessions.ts";
import { membershipsOf } from "../../store/database/groups.ts";
import { deleteToken, findToken, findTokenBySecret, type TokenRow, touchToken } from "../../store/database/tokens.ts";
import { findLocalOwner, findUser, insertUser, type UserRow } from "../../store/database/users.ts";
import type { ServerConfig } from "../config.ts";
import type { Holder } from "./live-connections.ts";
import { type Requester, requesterFor } from "./requester.ts";
import { newId, newSecret, secretMatches, sha256 } from "./secrets.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** A client polls for ten minutes, and so long may a person take. */
const approvalMs = 15 * minuteMs;
const maxPendingSessions = 1000;
/** "Used last" is for people to read, so it need not be written at each request. */
const touchEveryMs = 5 * minuteMs;

/** A session together with the secret that is shown once. */
export interface NewSession {
  session: SessionRow;
  secret: string;
}

/** Where a request comes from, as far as it says. */
export interface ClientOrigin {
  userAgent: string;
  address?: string;
}

/** People, and the credentials they prove themselves with. Secrets enter and leave here; only their digests are kept. */
export class Accounts {
  readonly #database: Database;
  readonly #lifetimes: ServerConfig["sessions"];
  readonly #now: () => number;

  constructor(database: Database, lifetimes: ServerConfig["sessions"], now: () => number) {
    this.#database = database;
    this.#lifetimes = lifetimes;
    this.#now = now;
  }

  /** The administrator of this home, created at the first start. */
  async localOwner(name: string): Promise<{ id: string; name: string }> {
    const found = await findLocalOwner(this.#database);
    if (found) return found;
    const user = { id: newId(), name, administrator: 1, github_handle: null, created_at: this.#now() };
    await insertUser(this.#database, user);
    return user;
  }

  /** A code that logs a browser in, once. */
  async createLoginCode(
    userId: string,
    lifetimeMs = this.#lifetimes.loginCodeMinutes * minuteMs,
  ): Promise<{ code: string; expiresAt: number }> {
    const code = newSecret();
    const expiresAt = this.#now() + lifetimeMs;
    await insertLoginCode(
      this.#database,
      { code_sha256: sha256(code), user_id: userId, expires_at: expiresAt },
      this.#now(),
    );
    return { code, expiresAt };
  }

  /** The person a code belongs to; the code is used up. */
  async takeLoginCode(code: string): Promise<UserRow> {
    const userId = await takeLoginCode(this.#database, sha256(code), this.#now());
    const user = userId === undefined ? undefined : await this.#activeUser(userId);
    if (user === undefined) throw new Problem("server/login-code-invalid");
    return user;
  }

  /** Without a person the session waits for approval, and not for long. */
  async createSession(
    kind: SessionRow["kind"],
    userId: string | null,
    { userAgent, address }: ClientOrigin,
  ): Promise<NewSession> {
    const nowMs = this.#now();
    if (userId === null && (await countPendingSessions(this.#database, nowMs)) >= maxPendingSessions) {
      throw new Problem("server/rate-limited", { message: "Too many logins wait for approval" });
    }
    const secret = newSecret();
    const days = kind === "browser" ? this.#lifetimes.browserDays : this.#lifetimes.clientDays;
    const session: SessionRow = {
      id: newId(),
      kind,
      secret_sha256: sha256(secret),
      user_id: userId,
      user_agent: userAgent.slice(0, 200),
      created_at: nowMs,
      expires_at: nowMs + (userId === null ? approvalMs : days * dayMs),
      address: address ?? null,
      used_at: null,
    };
    await insertSession(this.#database, session);
    return { session, secret };
  }

  /** Lets a waiting client act for this person. */
  async approve(sessionId: string, userId: string): Promise<SessionRow> {
    await approveSession(this.#database, sessionId, {
      user_id: userId,
      expires_at: this.#now() + this.#lifetimes.clientDays * dayMs,
    });
    const session = await this.findSession(sessionId);
    // Another person may have been quicker: to this one the session does not exist.
    if (session?.user_id !== userId)
      throw new Problem("server/not-found", { message: "This login request has expired" });
    return session;
  }

  /** Forgets a client that waits for approval; one that was approved is not touched. */
  async deny(sessionId: string): Promise<void> {
    const session = await this.findSession(sessionId);
    if (session?.kind !== "client" || session.user_id !== null) {
      throw new Problem("server/not-found", { message: "This login request has expired or was answered already" });
    }
    await deleteSession(this.#database, sessionId);
  }

  listSessions(userId: string): Promise<SessionRow[]> {
    return listSessions(this.#database, userId, this.#now());
  }

  findSession(id: string): Promise<SessionRow | undefined> {
    return findSession(this.#database, id, this.#now());
  }

  /** Begins the session's whole lifetime anew. */
  renewSession(id: string): Promise<void> {
    return extendSession(this.#database, id, this.#now() + this.#lifetimes.clientDays * dayMs);
  }

  endSession(id: string): Promise<void> {
    return deleteSession(this.#database, id);
  }

  /** The session this pair opens, approved or not; undefined when the pair is wrong or too old. */
  async sessionOf(id: string, secret: string): Promise<SessionRow | undefined> {
    const session = await this.findSession(id);
    return session !== undefined && secretMatches(secret, session.secret_sha256) ? session : undefined;
  }

  async requesterOfSession(session: SessionRow, via: "cookie" | "session"): Promise<Requester | undefined> {
    const user = session.user_id === null ? undefined : await this.#activeUser(session.user_id);
    if (user === undefined) return undefined;
    if (this.#isStale(session)) await touchSession(this.#database, session.id, this.#now());
    return this.#requester(user, { via, credentialId: session.id, isLocal: session.kind === "local" });
  }

  /** With `id` both must fit: a token travels alone (Bearer), or with its id as a session's pair does (Basic). */
  async requesterOfToken(secret: string, id?: string): Promise<Requester | undefined> {
    const token = await findTokenBySecret(this.#database, sha256(secret), this.#now());
    if (token === undefined || (id !== undefined && id !== token.id)) return undefined;
    const user = await this.#activeUser(token.user_id);
    if (user === undefined) return undefined;
    if (this.#isStale(token)) await touchToken(this.#database, token.id, this.#now());
    const scopes = JSON.parse(token.scope) as ScopeName[];
    return this.#requester(user, { via: "token", credentialId: token.id, scopes });
  }

  endToken(userId: string, id: string): Promise<boolean> {
    return deleteToken(this.#database, userId, id);
  }

  /** True while the person may be here and has not ended the session or token: what tickets are good for depends on it. */
  async stillHolds({ userId, credentialId }: Holder): Promise<boolean> {
    if ((await this.#activeUser(userId)) === undefined) return false;
    const session = await this.findSession(credentialId);
    if (session !== undefined) return session.user_id === userId;
    return (await findToken(this.#database, credentialId, this.#now()))?.user_id === userId;
  }

  async #activeUser(id: string): Promise<UserRow | undefined> {
    const user = await findUser(this.#database, id);
    return user?.disabled_at === null ? user : undefined;
  }

  async #requester(user: UserRow, credential: Parameters<typeof requesterFor>[1]): Promise<Requester> {
    return requesterFor(user, credential, await membershipsOf(this.#database, user.id, this.#now()));
  }

  #isStale({ used_at }: Pick<SessionRow | TokenRow, "used_at">): boolean {
    return this.#now() - (used_at ?? 0) > touchEveryMs;
  }
}

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
  type SessionRow,
} from "../../store/database/sessions.ts";
import { findTokenBySecret } from "../../store/database/tokens.ts";
import { findLocalOwner, findUser, insertUser, type UserRow } from "../../store/database/users.ts";
import type { ServerConfig } from "../config.ts";
import { type Requester, requesterFor } from "./requester.ts";
import { newId, newSecret, secretMatches, sha256 } from "./secrets.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** A client polls for ten minutes, and so long may a person take. */
const approvalMs = 15 * minuteMs;
const maxPendingSessions = 1000;

/** A session together with the secret that is shown once. */
export interface NewSession {
  session: SessionRow;
  secret: string;
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
  async localOwner(name: string): Promise<UserRow> {
    const found = await findLocalOwner(this.#database);
    if (found) return found;
    const user = { id: newId(), name, administrator: 1, github_handle: null, created_at: this.#now() };
    await insertUser(this.#database, user);
    return user;
  }

  /** A code that logs a browser in, once. */
  async createLoginCode(userId: string): Promise<{ code: string; expiresAt: number }> {
    const code = newSecret();
    const expiresAt = this.#now() + this.#lifetimes.loginCodeMinutes * minuteMs;
    await insertLoginCode(
      this.#database,
      { code_sha256: sha256(code), user_id: userId, expires_at: expiresAt },
      this.#now(),
    );
    return { code, expiresAt };
  }

  /** Trades a code for a browser session. */
  async login(code: string, userAgent: string): Promise<NewSession & { user: UserRow }> {
    const userId = await takeLoginCode(this.#database, sha256(code), this.#now());
    const user = userId === undefined ? undefined : await findUser(this.#database, userId);
    if (user === undefined) throw new Problem("server/login-code-invalid");
    const created = await this.createSession("browser", user.id, userAgent);
    return { ...created, user };
  }

  /** Without a person the session waits for approval, and not for long. */
  async createSession(kind: SessionRow["kind"], userId: string | null, userAgent: string): Promise<NewSession> {
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
    const user = session.user_id === null ? undefined : await findUser(this.#database, session.user_id);
    return user && requesterFor(user, { via, credentialId: session.id });
  }

  async requesterOfToken(secret: string): Promise<Requester | undefined> {
    const token = await findTokenBySecret(this.#database, sha256(secret), this.#now());
    const user = token && (await findUser(this.#database, token.user_id));
    if (token === undefined || user === undefined) return undefined;
    const scopes = JSON.parse(token.scope) as ScopeName[];
    return requesterFor(user, { via: "token", credentialId: token.id, scopes });
  }
}

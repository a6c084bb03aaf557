import { Problem } from "../../api/problems.ts";
import type { Database } from "../../store/database/open-database.ts";
import { listSessions } from "../../store/database/sessions.ts";
import { findUser, findUserByName, type UserRow, updateUser } from "../../store/database/users.ts";
import type { ClientOrigin } from "./accounts.ts";
import type { LoginThrottle } from "./login-throttle.ts";
import { hashPassword, isOutdated, requireGoodPassword, verifyPassword } from "./passwords.ts";

export interface PasswordLoginOptions {
  database: Database;
  throttle: LoginThrottle;
  now: () => number;
}

/** Name and password. Which of the two was wrong, and whether the account exists at all, cannot be told from outside. */
export class PasswordLogin {
  readonly #options: PasswordLoginOptions;

  constructor(options: PasswordLoginOptions) {
    this.#options = options;
  }

  /** The person; rejects with `server/login-failed`, or with `server/rate-limited` after too many mistakes. */
  async verify(name: string, password: string, { address = "" }: ClientOrigin): Promise<UserRow> {
    const { database, throttle } = this.#options;
    const user = await findUserByName(database, name);
    const attempt = { name, address, isKnownAddress: user !== undefined && (await this.#knows(user, address)) };
    throttle.require(attempt);
    // Counted before it is verified: attempts at the same time must not all pass as the first one.
    throttle.failed(attempt);
    const stored = user?.password_hash ?? undefined;
    const isRight = await verifyPassword(password, stored);
    if (!isRight || user === undefined || user.disabled_at !== null) throw new Problem("server/login-failed");
    throttle.succeeded(attempt);
    if (isOutdated(stored ?? "")) await updateUser(database, user.id, { password_hash: await hashPassword(password) });
    return user;
  }

  /** Gives the person this password. Sessions go on: ending the others is the caller's affair. */
  async set(userId: string, password: string): Promise<void> {
    const user = await findUser(this.#options.database, userId);
    if (user === undefined) throw new Problem("server/not-found");
    requireGoodPassword(password, user.name);
    await updateUser(this.#options.database, userId, { password_hash: await hashPassword(password) });
  }

  /** Somebody who is logged in there, or was lately. */
  async #knows(user: UserRow, address: string): Promise<boolean> {
    const sessions = await listSessions(this.#options.database, user.id, this.#options.now());
    return sessions.some(session => session.address === address);
  }
}

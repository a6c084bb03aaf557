import { Problem } from "../../api/problems.ts";
import { deleteLoginCodesOf } from "../../store/database/login-codes.ts";
import type { Database } from "../../store/database/open-database.ts";
import { deleteSessionsOf } from "../../store/database/sessions.ts";
import { deleteTokensOf } from "../../store/database/tokens.ts";
import {
  deleteUser,
  findLocalOwner,
  findUser,
  findUserByName,
  findUsersBy,
  insertUser,
  updateUser,
  type UserRow,
} from "../../store/database/users.ts";
import type { LiveConnections } from "./live-connections.ts";
import { newId } from "./secrets.ts";

export interface NewPerson {
  name: string;
  administrator: boolean;
  githubHandle?: string | undefined;
  email?: string | undefined;
}

export interface PeopleOptions {
  database: Database;
  live: LiveConnections;
  now: () => number;
}

/** Who has an account here. */
export class People {
  readonly #options: PeopleOptions;

  constructor(options: PeopleOptions) {
    this.#options = options;
  }

  /** Rejects with `server/conflict` when the name, the address or the handle belongs to somebody else. */
  async add({ name, administrator, githubHandle, email }: NewPerson): Promise<UserRow> {
    const { database, now } = this.#options;
    if (await findUserByName(database, name)) throw taken("name", name);
    if (email !== undefined && (await findUsersBy(database, "email", email)).length > 0) throw taken("address", email);
    if (githubHandle !== undefined && (await findUsersBy(database, "github_handle", githubHandle)).length > 0) {
      throw taken("GitHub handle", githubHandle);
    }
    const user: UserRow = {
      id: newId(),
      name,
      administrator: administrator ? 1 : 0,
      github_handle: githubHandle ?? null,
      created_at: now(),
      password_hash: null,
      email: email ?? null,
      region: null,
      disabled_at: null,
    };
    await insertUser(database, user);
    return user;
  }

  /** By id or name. */
  async require(idOrName: string): Promise<UserRow> {
    const { database } = this.#options;
    const user = (await findUser(database, idOrName)) ?? (await findUserByName(database, idOrName));
    if (user) return user;
    throw new Problem("server/not-found", { message: `There is no account "${idOrName}"` });
  }

  async setAdministrator(user: UserRow, administrator: boolean): Promise<void> {
    if (!administrator) await this.#refuseForLocalOwner(user, "stop being an administrator");
    await updateUser(this.#options.database, user.id, { administrator: administrator ? 1 : 0 });
  }

  /** From here on none of the person's sessions, tokens, login codes and open connections works. Plays go on. */
  async disable(user: UserRow): Promise<void> {
    const { database, live, now } = this.#options;
    await this.#refuseForLocalOwner(user, "be disabled");
    await updateUser(database, user.id, { disabled_at: user.disabled_at ?? now() });
    await this.#endAccess(user);
    live.end(user.id);
  }

  async enable(user: UserRow): Promise<void> {
    await updateUser(this.#options.database, user.id, { disabled_at: null });
  }

  /** Whoever knew the password is out, too. */
  async resetPassword(user: UserRow): Promise<void> {
    const { database, live } = this.#options;
    await updateUser(database, user.id, { password_hash: null });
    await deleteLoginCodesOf(database, user.id);
    await deleteSessionsOf(database, user.id);
    live.end(user.id);
  }

  /** Forgets a person. Their plays have to be destroyed before: `destroyPlays` does it once nobody can start another. */
  async remove(user: UserRow, destroyPlays: () => Promise<void>): Promise<void> {
    await this.#refuseForLocalOwner(user, "be removed");
    await this.disable(user);
    await destroyPlays();
    await deleteUser(this.#options.database, user.id);
  }

  async #endAccess({ id }: UserRow): Promise<void> {
    const { database } = this.#options;
    await deleteSessionsOf(database, id);
    await deleteTokensOf(database, id);
    await deleteLoginCodesOf(database, id);
  }

  /** The command line of this home acts for this account, and it is the way back in when all else fails. */
  async #refuseForLocalOwner(user: UserRow, what: string): Promise<void> {
    const owner = await findLocalOwner(this.#options.database);
    if (owner?.id !== user.id) return;
    throw new Problem("server/conflict", {
      message: `"${user.name}" is the account of the server's own home and cannot ${what}`,
    });
  }
}

function taken(what: string, value: string): Problem {
  return new Problem("server/conflict", { message: `The ${what} "${value}" belongs to another account` });
}

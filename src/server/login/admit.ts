import { Problem } from "../../api/problems.ts";
import { findIdentity, insertIdentity, listIdentities } from "../../store/database/identities.ts";
import type { Database } from "../../store/database/open-database.ts";
import { findUser, findUserByName, findUsersBy, updateUser, type UserRow } from "../../store/database/users.ts";
import type { People } from "../auth/people.ts";
import type { LoginProvider, VerifiedIdentity } from "./provider.ts";

export interface AdmitDeps {
  database: Database;
  people: Pick<People, "add">;
  now: () => number;
}

/**
 * The account behind an identity: the one it is linked to, else the one that an administrator made for exactly this
 * handle or verified address, else a new one if the provider's settings allow it. Rejects with
 * `server/login-not-allowed` for everybody else, disabled people among them.
 */
export async function admit(identity: VerifiedIdentity, provider: LoginProvider, deps: AdmitDeps): Promise<UserRow> {
  const { database, people, now } = deps;
  const known = await findIdentity(database, identity.issuer, identity.subject);
  if (known !== undefined) {
    const user = await findUser(database, known.user_id);
    if (user === undefined || user.disabled_at !== null) throw refused(identity);
    await keepHandle(user, identity, database);
    return user;
  }
  const expected = await expectedUser(identity, database);
  if (expected === undefined && !provider.mayRegister(identity)) throw refused(identity);
  if (expected !== undefined && expected.disabled_at !== null) throw refused(identity);
  const user =
    expected ?? (await people.add({ name: await freeName(identity.suggestedName, database), administrator: false }));
  await link(identity, user, database, now());
  return user;
}

/** Lets the identity log in as this person from now on. Rejects with `server/identity-taken`. */
export async function link(
  identity: VerifiedIdentity,
  user: UserRow,
  database: Database,
  nowMs: number,
): Promise<void> {
  const { issuer, subject, label } = identity;
  const isNew = await insertIdentity(database, { issuer, subject, label, user_id: user.id, created_at: nowMs });
  if (!isNew && (await findIdentity(database, issuer, subject))?.user_id !== user.id) {
    throw new Problem("server/identity-taken", { message: `"${label}" is linked to another account already` });
  }
  await keepHandle(user, identity, database);
}

/**
 * The one account that an administrator made for this handle or address, as long as nobody has claimed it: a handle or
 * address may have a new holder tomorrow, and that one must not get into what the first one left.
 */
async function expectedUser(identity: VerifiedIdentity, database: Database): Promise<UserRow | undefined> {
  const { githubHandle, email } = identity;
  const found =
    githubHandle !== undefined
      ? await findUsersBy(database, "github_handle", githubHandle)
      : email !== undefined
        ? await findUsersBy(database, "email", email)
        : [];
  const [user] = found;
  if (user === undefined || found.length > 1) return undefined;
  return (await listIdentities(database, user.id)).length === 0 ? user : undefined;
}

/** Handles change hands at GitHub: the last one who proved it has it, and nobody else. */
async function keepHandle(user: UserRow, { githubHandle }: VerifiedIdentity, database: Database): Promise<void> {
  if (githubHandle === undefined) return;
  for (const other of await findUsersBy(database, "github_handle", githubHandle)) {
    if (other.id !== user.id) await updateUser(database, other.id, { github_handle: null });
  }
  await updateUser(database, user.id, { github_handle: githubHandle });
}

async function freeName(suggested: string, database: Database): Promise<string> {
  const base =
    suggested
      .toLowerCase()
      .normalize("NFKD")
      .replaceAll(/[^a-z0-9._-]+/g, "-")
      .replaceAll(/^[^a-z0-9]+|[^a-z0-9]+$/g, "")
      .slice(0, 30)
      .replace(/[^a-z0-9]+$/, "") || "user";
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base}-${number}`;
    if ((await findUserByName(database, name)) === undefined) return name;
  }
}

function refused({ label }: VerifiedIdentity): Problem {
  return new Problem("server/login-not-allowed", { message: `"${label}" belongs to no account here` });
}

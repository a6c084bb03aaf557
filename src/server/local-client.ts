import { readFile } from "node:fs/promises";
import { z } from "zod";
import { writeFileAtomic } from "../lib/atomic-file.ts";
import type { Database } from "../store/database/open-database.ts";
import { deleteSessionsOfKind } from "../store/database/sessions.ts";
import { clientFile, type Paths } from "../store/paths.ts";
import type { Accounts } from "./auth/accounts.ts";

const clientFileSchema = z.object({ endpoint: z.string(), sessionId: z.string(), accessToken: z.string() });

/** What the CLI of this home reads: where the server is, and the local owner's credentials. */
export type ClientFile = z.infer<typeof clientFileSchema>;

/** undefined when there is none, or none that can be used. */
export async function readClientFile(paths: Paths): Promise<ClientFile | undefined> {
  try {
    return clientFileSchema.parse(JSON.parse(await readFile(clientFile(paths), "utf8")));
  } catch {
    return undefined;
  }
}

/**
 * Leaves the address and working credentials for the local CLI, readable by its owner only. Credentials that still
 * work are kept: a command that outlives a restart of the server goes on working.
 */
export async function writeClientFile(
  paths: Paths,
  endpoint: string,
  owner: { id: string },
  accounts: Accounts,
  database: Database,
): Promise<void> {
  const present = await readClientFile(paths);
  const session = present && (await accounts.sessionOf(present.sessionId, present.accessToken));
  if (present !== undefined && session?.kind === "local" && session.user_id === owner.id) {
    await accounts.renewSession(session.id);
    await writeJson(paths, { ...present, endpoint });
    return;
  }
  await deleteSessionsOfKind(database, "local");
  const created = await accounts.createSession("local", owner.id, { userAgent: "labyard on this machine" });
  await writeJson(paths, { endpoint, sessionId: created.session.id, accessToken: created.secret });
}

async function writeJson(paths: Paths, content: ClientFile): Promise<void> {
  await writeFileAtomic(clientFile(paths), `${JSON.stringify(content, null, 2)}\n`, 0o600);
}

import { readFile } from "node:fs/promises";
import { type Client, createClient } from "../api/client.ts";
import type { Credentials } from "../api/client-transport.ts";
import { Problem } from "../api/problems.ts";
import { clientFile } from "../store/paths.ts";
import type { CliContext } from "./context.ts";

export interface ClientRecord extends Credentials {
  endpoint: string;
}

/**
 * A client of the server this command line belongs to: $LABYARD_ENDPOINT with $LABYARD_SESSION_ID and
 * $LABYARD_ACCESS_TOKEN, else what the server of this home wrote for its local owner.
 */
export async function connect(context: CliContext): Promise<Client> {
  const { endpoint, sessionId, accessToken } = await readClientRecord(context);
  return createClient({ endpoint, credentials: { sessionId, accessToken }, userAgent: "labyard-cli" });
}

/** Where the server is and what opens it; see `connect`. */
export async function readClientRecord(context: CliContext): Promise<ClientRecord> {
  const { LABYARD_ENDPOINT, LABYARD_SESSION_ID, LABYARD_ACCESS_TOKEN } = context.env;
  if (LABYARD_ENDPOINT && LABYARD_SESSION_ID && LABYARD_ACCESS_TOKEN) {
    return { endpoint: LABYARD_ENDPOINT, sessionId: LABYARD_SESSION_ID, accessToken: LABYARD_ACCESS_TOKEN };
  }
  const file = clientFile(context.paths);
  try {
    return JSON.parse(await readFile(file, "utf8")) as ClientRecord;
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new Problem("cli/no-server", {
      message: missing
        ? `no server has run in ${context.paths.home} yet`
        : `${file} cannot be read: ${(cause as Error).message}`,
      cause,
    });
  }
}

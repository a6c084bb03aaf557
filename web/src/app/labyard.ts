import { createClient } from "../../../src/api/client.ts";

/** The server that these pages came from. */
export const labyard = createClient({ endpoint: "" });

import { z } from "zod";
import { integerSchema } from "./common.ts";

/** Empty texts count as absent: the official client sends what its flags hold. */
const text = z
  .string()
  .max(300)
  .regex(/^[^\0]*$/, "must not contain NUL")
  .nullish();

/** Which part of a machine's journal; without `until` it is followed. Values are journalctl's own. */
export const openJournalBodySchema = z.object({
  /** Default: the first machine. */
  machine: z.string().max(100).nullish(),
  unit: text,
  lines: integerSchema.min(0).max(100_000).nullish(),
  since: text,
  until: text,
  cursor: text,
});
export type OpenJournalBody = z.infer<typeof openJournalBodySchema>;

/** A WebSocket that sends {stdout?, stderr?, exitCode?, eof?} and holds its own credential. */
export const journalReplySchema = z.object({ url: z.string() }).meta({ id: "Journal" });

import { z } from "zod";
import type { PlayState } from "../play-state.ts";
import { playStateSchema } from "./play-state.ts";
import { playStatusSchema, playTaskSchema } from "./plays.ts";

/** Where to listen to a play. The URL holds its own credential and may be dialled again for some minutes. */
export const connReplySchema = z.object({ url: z.string() }).meta({ id: "Conn" });
export type ConnReply = z.infer<typeof connReplySchema>;

/**
 * Messages of a play's socket, server to client only. "status" and "task" are full replacements for the official
 * client; "state" is the whole truth for ours. Everything is sent on opening, on change, and again every 5 s.
 */
const connMessageSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("status"), status: playStatusSchema }),
  z.object({ kind: z.literal("task"), task: playTaskSchema }),
  z.object({ kind: z.literal("state"), state: playStateSchema }),
]);
export type ConnMessage =
  | Exclude<z.infer<typeof connMessageSchema>, { kind: "state" }>
  | { kind: "state"; state: PlayState };

import { z } from "zod";
import type { ProblemJson } from "./problems.ts";

/**
 * What the WebSocket of a remote command carries, between a client and the runner.
 *
 * Binary frames begin with one byte that names the stream; the rest are its bytes (at most `execFrameMaxBytes` in all).
 * Text frames are JSON, as below. The command's streams are slowed down by the socket itself: whoever does not
 * read is not sent more. Closing the socket lets go of the command; with a pty it is hung up.
 */
export const execStream = { stdin: 0, stdout: 1, stderr: 2 } as const;
export const execFrameMaxBytes = 64 * 1024 + 1;

export const execClientMessageSchema = z.discriminatedUnion("type", [
  /** End of stdin; output goes on. */
  z.object({ type: z.literal("eof") }),
  /** Only with a pty. */
  z.object({ type: z.literal("resize"), cols: z.int(), rows: z.int() }),
  /** "INT", "TERM", … Older ssh servers ignore it. */
  z.object({ type: z.literal("signal"), name: z.string().regex(/^[A-Z][A-Z0-9]{1,10}$/) }),
]);
export type ExecClientMessage = z.infer<typeof execClientMessageSchema>;

/** The last text frame is "exit" or "problem"; all output has been sent before it. */
export const execServerMessageSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("exit"), exitCode: z.int().nullable(), signal: z.string().nullable() }),
  z.object({ type: z.literal("problem"), problem: z.custom<ProblemJson>(value => typeof value === "object") }),
]);
export type ExecServerMessage = z.infer<typeof execServerMessageSchema>;

import { z } from "zod";

/**
 * What a terminal's WebSocket carries, between the browser and the runner.
 *
 * Binary frames are terminal bytes: to the viewer what the shell prints, from the viewer what is typed (at most
 * `terminalInputMaxBytes` a frame). Text frames are JSON, as below. After each "attached" the viewer resets its
 * screen: the binary frames that follow redraw it. The viewer acknowledges what it has drawn; when more than
 * `terminalWindowBytes` are unacknowledged the runner stops reading from the shell.
 */
export const terminalWindowBytes = 256 * 1024;
export const terminalInputMaxBytes = 64 * 1024;

export const terminalClientMessageSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("resize"), cols: z.int(), rows: z.int() }),
  /** `bytes` more have been drawn since the last one. */
  z.object({ type: z.literal("ack"), bytes: z.int().min(0) }),
]);
export type TerminalClientMessage = z.infer<typeof terminalClientMessageSchema>;

export const terminalServerMessageSchema = z.discriminatedUnion("type", [
  /** Sent first. `cols` and `rows` are the size the redraw was made for. */
  z.object({ type: z.literal("attached"), id: z.string(), cols: z.int(), rows: z.int() }),
  /** Another viewer changed the size. */
  z.object({ type: z.literal("resized"), cols: z.int(), rows: z.int() }),
  /** For people: the connection to the machine was lost, … */
  z.object({ type: z.literal("notice"), code: z.string(), message: z.string() }),
  /** The shell has ended, null when nobody knows how; the socket is closed after it. */
  z.object({ type: z.literal("exit"), exitCode: z.int().nullable() }),
]);
export type TerminalServerMessage = z.infer<typeof terminalServerMessageSchema>;

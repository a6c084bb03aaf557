import { z } from "zod";
import { integerSchema, playIdSchema } from "./common.ts";

export const terminalParamsSchema = z.object({ id: playIdSchema, terminalId: z.string().min(1).max(100) });

export const openTerminalBodySchema = z.object({
  machine: z.string().min(1),
  /** Absent: the machine's default user. */
  user: z.string().min(1).optional(),
  cols: integerSchema.min(1).max(1000).default(80),
  rows: integerSchema.min(1).max(500).default(24),
});
export type OpenTerminalBody = z.input<typeof openTerminalBodySchema>;

export const terminalSchema = z
  .object({ id: z.string(), machine: z.string(), user: z.string() })
  .meta({ id: "Terminal" });
export type Terminal = z.infer<typeof terminalSchema>;

/** A WebSocket URL with a ticket in it: single use, valid for half a minute. */
export const socketTicketSchema = z.object({ url: z.string() }).meta({ id: "SocketTicket" });
export type SocketTicket = z.infer<typeof socketTicketSchema>;

/** A terminal session that outlives its viewers, with the first ticket to look at it. */
export const openedTerminalSchema = z.object({ id: z.string(), url: z.string() }).meta({ id: "OpenedTerminal" });
export type OpenedTerminal = z.infer<typeof openedTerminalSchema>;

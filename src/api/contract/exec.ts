import { z } from "zod";
import { integerSchema } from "./common.ts";

/** Runs a command on a machine over the platform channel. The reply's socket speaks exec-protocol. */
export const execBodySchema = z.object({
  machine: z.string().min(1),
  /** Absent: the machine's default user. */
  user: z.string().min(1).optional(),
  /** Absent: a login shell. */
  command: z
    .string()
    .max(64 * 1024)
    .optional(),
  pty: z.object({ cols: integerSchema.min(1).max(1000), rows: integerSchema.min(1).max(500) }).optional(),
});
export type ExecBody = z.infer<typeof execBodySchema>;

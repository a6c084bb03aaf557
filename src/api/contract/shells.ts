import { z } from "zod";
import { playIdSchema } from "./common.ts";
import { exposureAccessSchema, requestedAccessSchema } from "./ports.ts";

export const shellParamsSchema = z.object({ id: playIdSchema, shellId: z.string().min(1).max(100) });

export const createShellBodySchema = z.object({
  machine: z.string().min(1),
  /** Default: the machine's default user. */
  user: z.string().max(100).nullish(),
  access: requestedAccessSchema,
});
export type CreateShellBody = z.infer<typeof createShellBodySchema>;

/** A terminal of a machine that others can be let into, on an origin of its own. */
export const shellSchema = z
  .object({
    id: z.string(),
    playId: playIdSchema,
    machine: z.string(),
    user: z.string(),
    hostname: z.string(),
    access: exposureAccessSchema,
    url: z.string(),
  })
  .meta({ id: "Shell" });
export type ShellJson = z.infer<typeof shellSchema>;

/** What the page of a shell knows of it. */
export interface SharedShell {
  machine: string;
  user: string;
  access: "private" | "public";
  /** False: the machine cannot be logged in to now. */
  ready: boolean;
}

import { z } from "zod";
import { integerSchema, timestampSchema } from "./common.ts";
import { taskStatusSchema } from "./play-state.ts";

/** `machine` may be given several times. */
export const listTasksQuerySchema = z.object({ machine: z.union([z.string(), z.array(z.string())]).optional() });

/** A task with its output (last 256 KiB of each stream), for the play's owner. */
export const taskDetailsSchema = z
  .object({
    name: z.string(),
    machine: z.string(),
    user: z.string(),
    init: z.boolean(),
    helper: z.boolean(),
    status: taskStatusSchema,
    version: integerSchema,
    needs: z.array(z.string()),
    run: z.string(),
    timeoutSeconds: integerSchema,
    exitCode: integerSchema.optional(),
    stdout: z.string(),
    stderr: z.string(),
    /** Why it failed, when it was not its own exit code. */
    message: z.string().optional(),
    skipped: z.boolean().optional(),
    lastRunAt: timestampSchema.optional(),
    lastDurationMs: integerSchema.optional(),
  })
  .meta({ id: "TaskDetails" });
export type TaskDetails = z.infer<typeof taskDetailsSchema>;

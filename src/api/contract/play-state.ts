import { z } from "zod";
import type { PlayState } from "../play-state.ts";
import { integerSchema, problemSchema, timestampSchema } from "./common.ts";

const playStateNameSchema = z.enum([
  "CREATED",
  "WARMING_UP",
  "WARMED_UP",
  "STARTING",
  "RUNNING",
  "STOPPING",
  "STOPPED",
  "DESTROYING",
  "DESTROYED",
  "FAILED",
]);

export const machineStateNameSchema = z.enum([
  "CREATED",
  "WARMING_UP",
  "WARMED_UP",
  "STARTING",
  "RUNNING",
  "REBOOTING",
  "STOPPING",
  "STOPPED",
]);

export const stateEventSchema = z.object({
  state: playStateNameSchema,
  at: timestampSchema,
  error: z.string().optional(),
});

export const machineConditionSchema = z.object({
  name: z.literal("Ready"),
  status: z.enum(["True", "False"]),
  lastTransitionAt: timestampSchema.optional(),
  message: z.string().optional(),
});

export const taskStatusSchema = z.union([
  z.literal(0),
  z.literal(10),
  z.literal(20),
  z.literal(30),
  z.literal(35),
  z.literal(40),
]);

const taskStateSchema = z.object({
  name: z.string(),
  machine: z.string(),
  user: z.string(),
  init: z.literal(true),
  helper: z.literal(false),
  needs: z.array(z.string()),
  run: z.string(),
  timeoutSeconds: z.number(),
  status: taskStatusSchema,
  version: integerSchema,
  exitCode: integerSchema.optional(),
  stdout: z.string(),
  stderr: z.string(),
  skipped: z.boolean().optional(),
  lastRunAt: z.string().optional(),
  lastDurationMs: z.number().optional(),
});

/** The whole state of one play, as its runner tells it: PlayState of src/api/play-state.ts on the wire. */
export const playStateSchema = z
  .object({
    playId: z.string(),
    stateEvents: z.array(stateEventSchema),
    machines: z.array(
      z.object({
        name: z.string(),
        state: machineStateNameSchema,
        conditions: z.array(machineConditionSchema),
        resources: z.object({ vcpus: integerSchema, memoryMiB: integerSchema }).optional(),
        step: z.object({ phase: z.string(), message: z.string(), progress: z.number().optional() }).optional(),
        problem: problemSchema.optional(),
      }),
    ),
    /** Without their output: GET /tasks has it. */
    tasks: z.array(taskStateSchema),
    notices: z.array(z.object({ code: z.string(), message: z.string(), machine: z.string().optional() })),
    /** Milliseconds from the start to the end of each phase. */
    phases: z.partialRecord(z.string(), z.number()),
    problem: problemSchema.optional(),
  })
  .meta({ id: "PlayState" });

/** What `GET /api/plays/:id/state` and the "state" messages of the play's socket carry. */
export type PlayStateJson = PlayState;

import { z } from "zod";
import type { PlayState, TaskState } from "../play-state.ts";
import { integerSchema, problemJsonSchema, timestampSchema } from "./common.ts";

export const playStateNameSchema = z.enum([
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

/** The whole state of one play, as its runner tells it. Compatible with PlayState of src/api/play-state.ts. */
export const playStateSchema = z
  .looseObject({
    playId: z.string(),
    stateEvents: z.array(stateEventSchema),
    machines: z.array(
      z.looseObject({
        name: z.string(),
        state: machineStateNameSchema,
        conditions: z.array(machineConditionSchema),
        step: z.looseObject({ phase: z.string(), message: z.string(), progress: z.number().optional() }).optional(),
        problem: problemJsonSchema.optional(),
      }),
    ),
    tasks: z.array(z.custom<TaskState>(value => typeof value === "object" && value !== null)),
    notices: z.array(z.looseObject({ code: z.string(), message: z.string(), machine: z.string().optional() })),
    phases: z.record(z.string(), integerSchema),
    problem: problemJsonSchema.optional(),
  })
  .meta({ id: "PlayState" });

/** What `GET /api/plays/:id/state` and the "state" messages of the play's socket carry. */
export type PlayStateJson = PlayState;

import { z } from "zod";
import { integerSchema, playIdSchema, timestampSchema, warningSchema } from "./common.ts";
import { machineConditionSchema, machineStateNameSchema, stateEventSchema, taskStatusSchema } from "./play-state.ts";
import { tabSchema } from "./playground-spec.ts";

export const playParamsSchema = z.object({ id: playIdSchema });

/** Starts a playground. The parts override the playground's own for this one play. */
export const createPlayBodySchema = z.looseObject({
  playground: z.string().min(1),
  safetyDisclaimerConsent: z.boolean().nullish(),
  asFreeTierUser: z.boolean().nullish(),
  initConditions: z.record(z.string(), z.string()).nullish(),
  machines: z.unknown().optional(),
  networks: z.unknown().optional(),
  tabs: z.unknown().optional(),
  initTasks: z.unknown().optional(),
});
export type CreatePlayBody = z.infer<typeof createPlayBodySchema>;

/** Absent: plays that end at their time limit; "true": persistent ones; "any": both. */
export const listPlaysQuerySchema = z.object({ persistent: z.string().max(10).optional() });

/** The part of the state that the official client follows. The last event is the current state. */
export const playStatusSchema = z
  .object({
    factoryId: z.string(),
    stateEvents: z.array(stateEventSchema),
    machines: z.array(
      z.object({ name: z.string(), state: machineStateNameSchema, conditions: z.array(machineConditionSchema) }),
    ),
    conditions: z.array(
      z.object({
        name: z.literal("Ready"),
        status: z.enum(["True", "False"]),
        lastTransitionAt: timestampSchema.optional(),
      }),
    ),
  })
  .meta({ id: "PlayStatus" });
export type PlayStatus = z.infer<typeof playStatusSchema>;

export const playTaskSchema = z
  .object({
    name: z.string(),
    init: z.boolean(),
    helper: z.boolean(),
    status: taskStatusSchema,
    version: integerSchema,
  })
  .meta({ id: "PlayTask" });
export type PlayTask = z.infer<typeof playTaskSchema>;

/** A tab of the play's page; `portId` and `url` are set on http-port tabs. */
const playTabSchema = tabSchema
  .extend({ id: z.string(), name: z.string(), portId: z.string().optional() })
  .meta({ id: "PlayTab" });
export type PlayTab = z.infer<typeof playTabSchema>;

export const playSchema = z
  .object({
    id: playIdSchema,
    title: z.string(),
    createdAt: timestampSchema,
    updatedAt: timestampSchema,
    lastStateAt: timestampSchema,
    /** Milliseconds until the play is stopped. */
    expiresIn: integerSchema,
    /** Go-style duration, e.g. "8h0m0s". */
    maxPlayTime: z.string(),
    persistent: z.boolean(),
    active: z.boolean(),
    status: playStatusSchema,
    playground: z.object({
      id: z.string(),
      owner: z.string(),
      name: z.string(),
      base: z.string(),
      title: z.string(),
      description: z.string(),
      categories: z.array(z.string()),
      cover: z.string(),
      pageUrl: z.string(),
    }),
    pageUrl: z.string(),
    /** Never empty: the official client takes the first one unasked. */
    machines: z
      .array(
        z.object({
          name: z.string(),
          users: z.array(
            z.object({ name: z.string(), default: z.boolean().optional(), welcome: z.string().optional() }),
          ),
          resources: z.object({ cpuCount: integerSchema, ramSize: z.string() }),
          noSSH: z.boolean(),
        }),
      )
      .min(1),
    /** Never null: the official client writes into it. */
    tasks: z.record(z.string(), playTaskSchema),
    tabs: z.array(playTabSchema),
    initConditions: z.record(z.string(), z.string()),
    /** What the start found worth saying of the manifest and the host, and machines that were scaled down. */
    warnings: z.array(warningSchema).optional(),
  })
  .meta({ id: "Play" });
export type PlayJson = z.infer<typeof playSchema>;

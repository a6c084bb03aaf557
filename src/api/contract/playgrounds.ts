import { z } from "zod";
import { timestampSchema, warningSchema } from "./common.ts";
import {
  accessControlSchema,
  initConditionsSchema,
  initTaskSchema,
  machineSchema,
  networkSchema,
  tabSchema,
} from "./playground-spec.ts";

export const listPlaygroundsQuerySchema = z.object({ filter: z.string().max(50).optional() });
/** Absent: the built-in ones. The official client may send anything else, which finds nothing. */
export const playgroundFilters = ["base", "my-custom", "community", "recent", "popular"] as const;
export type PlaygroundFilter = (typeof playgroundFilters)[number];

export const getPlaygroundQuerySchema = z.object({ format: z.string().max(50).optional() });

/**
 * A stored playground. Lists and plain reads carry the card (everything up to `machines`); `format=extended`
 * carries all of it, in the form that create and update take back.
 */
export const playgroundSchema = z
  .object({
    id: z.string(),
    /** "" for built-in ones, else the `id` of the person who made it. */
    owner: z.string(),
    name: z.string(),
    base: z.string(),
    title: z.string(),
    description: z.string(),
    categories: z.array(z.string()),
    cover: z.string(),
    published: z.boolean(),
    pageUrl: z.string(),
    createdAt: timestampSchema,
    updatedAt: timestampSchema,
    userAccess: z.object({ canList: z.boolean(), canRead: z.boolean(), canStart: z.boolean() }),
    markdown: z.string().optional(),
    networks: z.array(networkSchema).optional(),
    machines: z.array(machineSchema).optional(),
    tabs: z.array(tabSchema).optional(),
    initTasks: z.record(z.string(), initTaskSchema).optional(),
    initConditions: initConditionsSchema.optional(),
    /** "***" for anyone but the owner and administrators. */
    registryAuth: z.string().optional(),
    accessControl: accessControlSchema.optional(),
    warnings: z.array(warningSchema).optional(),
  })
  .loose()
  .meta({ id: "Playground" });
export type PlaygroundJson = z.infer<typeof playgroundSchema>;

/** The manifest as a document: YAML. */
export const manifestTextSchema = z.object({ manifest: z.string() }).meta({ id: "ManifestText" });
export type ManifestText = z.infer<typeof manifestTextSchema>;

/**
 * A new playground: name, base and the parts of a manifest side by side, as the official client sends them (arrays
 * may be null). The manifest check judges the parts and reports all problems at once.
 */
export const createPlaygroundBodySchema = z.looseObject({ name: z.string(), base: z.string() });
export type CreatePlaygroundBody = z.infer<typeof createPlaygroundBodySchema>;

/** A full replacement; name and base cannot change and are ignored. */
export const updatePlaygroundBodySchema = z.looseObject({});
export type UpdatePlaygroundBody = z.infer<typeof updatePlaygroundBodySchema>;

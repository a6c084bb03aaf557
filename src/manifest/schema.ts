import { z } from "zod";
import { list, part, text } from "./field.ts";
import { accessControlSchema } from "./parts/access-control.ts";
import { initConditionsSchema } from "./parts/init-condition.ts";
import { initTaskSchema } from "./parts/init-task.ts";
import { machineSchema } from "./parts/machine.ts";
import { networkSchema } from "./parts/network.ts";
import { portForwardSchema } from "./parts/port-forward.ts";
import { tabSchema } from "./parts/tab.ts";

export type { Drive } from "./parts/drive.ts";
export type { InitCondition } from "./parts/init-condition.ts";
export type { InitTask, TaskCondition } from "./parts/init-task.ts";
export type { Machine, MachineInterface } from "./parts/machine.ts";
export type { Network } from "./parts/network.ts";
export type { PortForward } from "./parts/port-forward.ts";
export type { StartupFile } from "./parts/startup-file.ts";
export type { Tab, TabKind } from "./parts/tab.ts";

/** Written by the server into its replies; they come back in dumps that are submitted again. */
const computedKeys = ["id", "owner", "published", "pageUrl", "userAccess"];

export const specSchema = part(
  {
    networks: list(networkSchema, "1 to 16 networks.", { inherited: true }),
    machines: list(machineSchema, "1 to 5 machines.", { inherited: true }),
    tabs: list(tabSchema, "1 to 10 panes of the page.", {
      inherited: true,
      default: "the base's own, else its IDE, a terminal per machine, the Kubernetes explorer",
    }).optional(),
    initTasks: z
      .record(z.string(), initTaskSchema)
      .meta({ description: "Scripts run once at start, by name." })
      .optional(),
    initConditions: initConditionsSchema.optional(),
    registryAuth: text("`user:password` of the play's container registry; shown to its owner only.", {
      code: "manifest/registry-auth",
      default: "no authentication",
    }).optional(),
    portForwards: list(portForwardSchema, "At most 50 forwards, copied into every play.", {
      emptyIsAbsent: true,
    }).optional(),
    accessControl: accessControlSchema,
  },
  "What the playground consists of.",
  {
    noun: "playground",
    misspellings: { tasks: "initTasks" },
    ignored: computedKeys,
    contentOnly: ["name", "startupFiles"],
    code: "manifest/spec-missing",
    example: "playground: {networks: […], machines: […], tabs: […]}",
  },
);

/**
 * A playground as it is stored, dumped and sent: every value in its canonical spelling, nothing invented.
 * What the author left out is absent here; planning fills it in.
 */
export const manifestSchema = part(
  {
    name: text("Identifier and address of the playground; `create` appends a unique suffix.", {
      code: "manifest/name-invalid",
      inherited: true,
    }),
    base: text("The playground it derives from.", { code: "manifest/base-unknown", inherited: true }).optional(),
    title: text("Display title, 5 to 120 characters.", { code: "manifest/title-length" }),
    description: text("Short summary, at most 500 characters.", { code: "manifest/description-length" }).optional(),
    cover: text("Cover image: a URL or a path on this server.", { code: "manifest/cover-invalid" }).optional(),
    categories: list(text("A category."), "Catalogue categories, e.g. `linux`.", { inherited: true }).optional(),
    markdown: text("Body of the landing page, at most 100000 characters.", {
      code: "manifest/markdown-length",
    }).optional(),
    playground: specSchema,
  },
  "A playground.",
  {
    noun: "manifest",
    misspellings: { tags: "categories" },
    ignored: computedKeys,
    contentOnly: ["createdAt", "updatedAt", "tagz", "difficulty", "tasks", "challenges", "tutorials", "slug"],
  },
);

/** The document an author writes: the same with its kind. */
export const manifestDocumentSchema = z
  .object({ kind: z.literal("playground").meta({ description: "Always `playground`." }), ...manifestSchema.shape })
  .meta({ title: "Playground manifest", description: "One document that describes one playground." });

export type Manifest = z.infer<typeof manifestSchema>;
export type PlaygroundSpec = Manifest["playground"];

/** The same shape with every field possibly absent, at every depth. */
export type Incomplete<Value> = Value extends readonly (infer Item)[]
  ? Incomplete<Item>[]
  : Value extends object
    ? { [Key in keyof Value]?: Incomplete<Value[Key]> | undefined }
    : Value;

/** A manifest as far as it was written: any field may be absent, those that are there have their type and canonical form. */
export type ManifestInput = Incomplete<Manifest>;
export type SpecInput = Incomplete<PlaygroundSpec>;
export type MachineInput = Incomplete<PlaygroundSpec["machines"][number]>;

import { z } from "zod";
import { integerSchema } from "./common.ts";

/**
 * The parts of a playground as they travel in replies. Objects are loose: keys nobody knows are kept in the stored
 * document and come back in exports. What may be *sent* is decided by the manifest check, not here.
 */
export const networkSchema = z
  .looseObject({
    name: z.string(),
    subnet: z.string(),
    gateway: z.string().optional(),
    private: z.boolean().optional(),
  })
  .meta({ id: "Network" });

const userSchema = z
  .looseObject({ name: z.string(), default: z.boolean().optional(), welcome: z.string().optional() })
  .meta({ id: "MachineUser" });

const snapshotSchema = z.looseObject({ id: z.string(), leaseId: z.string().optional() });

const driveSchema = z
  .looseObject({
    source: z.string().optional(),
    mount: z.string().optional(),
    /** Text such as "10GiB". */
    size: z.string().optional(),
    filesystem: z.string().optional(),
    readOnly: z.boolean().optional(),
    persistent: z.boolean().optional(),
    snapshot: snapshotSchema.optional(),
  })
  .meta({ id: "Drive" });

const resourcesSchema = z
  .looseObject({ cpuCount: integerSchema.optional(), ramSize: z.string().optional() })
  .meta({ id: "Resources" });

export const machineSchema = z
  .looseObject({
    name: z.string(),
    users: z.array(userSchema).optional(),
    backend: z.string().optional(),
    /** Always an object: the official client knows the string form in YAML only. */
    kernel: z.looseObject({ source: z.string().optional(), snapshot: snapshotSchema.optional() }).optional(),
    drives: z.array(driveSchema).optional(),
    network: z
      .looseObject({
        interfaces: z.array(z.looseObject({ address: z.string().optional(), network: z.string().optional() })),
      })
      .optional(),
    resources: resourcesSchema.optional(),
    startupFiles: z
      .array(
        z.looseObject({
          path: z.string(),
          content: z.string(),
          mode: z.string().optional(),
          owner: z.string().optional(),
          append: z.boolean().optional(),
        }),
      )
      .optional(),
    noSSH: z.boolean().optional(),
  })
  .meta({ id: "Machine" });

export const tabSchema = z
  .looseObject({
    id: z.string().optional(),
    kind: z.enum(["terminal", "ide", "http-port", "web-page", "kexp"]),
    name: z.string().optional(),
    machine: z.string().optional(),
    number: integerSchema.optional(),
    access: z.enum(["private", "public"]).optional(),
    tls: z.boolean().optional(),
    hostRewrite: z.string().optional(),
    pathRewrite: z.string().optional(),
    url: z.string().optional(),
    pane: z.enum(["left", "right"]).optional(),
  })
  .meta({ id: "Tab" });

export const initTaskSchema = z
  .looseObject({
    name: z.string(),
    machine: z.string().optional(),
    init: z.boolean().optional(),
    user: z.string().optional(),
    timeout_seconds: integerSchema.optional(),
    /** The same, for clients that know it by this name. */
    timeoutSeconds: integerSchema.optional(),
    needs: z.array(z.string()).optional(),
    run: z.string(),
    conditions: z.array(z.looseObject({ key: z.string(), value: z.string() })).optional(),
  })
  .meta({ id: "InitTask" });

export const initConditionsSchema = z
  .looseObject({
    values: z
      .array(
        z.looseObject({
          key: z.string(),
          default: z.string(),
          nullable: z.boolean().optional(),
          options: z.array(z.string()).optional(),
          placeholder: z.string().optional(),
          validationRegex: z.string().optional(),
        }),
      )
      .optional(),
  })
  .meta({ id: "InitConditions" });

export const accessControlSchema = z
  .object({ canList: z.array(z.string()), canRead: z.array(z.string()), canStart: z.array(z.string()) })
  .meta({ id: "AccessControl" });
export type AccessControl = z.infer<typeof accessControlSchema>;

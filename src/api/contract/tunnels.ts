import { z } from "zod";
import { integerSchema } from "./common.ts";

/**
 * Opens a way for TCP connections to a machine. The official client sends all of these keys every time; the last two
 * are empty unless it is going to use ssh.
 */
export const startTunnelBodySchema = z.object({
  machine: z.string().min(1),
  /** Only 0: the port is named by each connection. */
  port: z.literal(0).nullish(),
  access: z.enum(["private", ""]).nullish(),
  generateLoginUrl: z.boolean().nullish(),
  /** Whose authorized keys get the key below. */
  sshUser: z.string().max(64).nullish(),
  /** Content of a .pub file. */
  sshPubKey: z
    .string()
    .max(20 * 1024)
    .nullish(),
});
export type StartTunnelBody = z.input<typeof startTunnelBodySchema>;

export const tunnelParamsSchema = z.object({ tunnelId: z.string().regex(/^[0-9a-f]{24}$/) });
export const tunnelLoginQuerySchema = z.object({ ticket: z.string().max(200).default("") });

/**
 * `url` is a prefix: wss, its host and path, then /tunnels/ and the base64 of what to connect to. `loginUrl` sets the
 * cookie that each of these WebSockets has to bring.
 */
export const tunnelSchema = z.object({ url: z.string(), loginUrl: z.string().optional() }).meta({ id: "Tunnel" });
export type Tunnel = z.infer<typeof tunnelSchema>;

const hostSchema = z
  .string()
  .max(253)
  .regex(/^[A-Za-z0-9._:-]*$/, "must be a host name or an address")
  .nullish();
const portSchema = integerSchema.min(0).max(65535).nullish();

/** A forward that clients remember with the play, so that it can be opened again. */
export const savePortForwardBodySchema = z.object({
  /** "local" or "remote" */
  kind: z.string(),
  machine: z.string().min(1),
  localHost: hostSchema,
  localPort: portSchema,
  remoteHost: hostSchema,
  remotePort: portSchema,
});
export type SavePortForwardBody = z.input<typeof savePortForwardBodySchema>;

export const portForwardSchema = z
  .object({
    kind: z.enum(["local", "remote"]),
    machine: z.string(),
    localHost: z.string().optional(),
    localPort: integerSchema.optional(),
    remoteHost: z.string().optional(),
    remotePort: integerSchema.optional(),
  })
  .meta({ id: "PortForward" });
export type PortForwardJson = z.infer<typeof portForwardSchema>;

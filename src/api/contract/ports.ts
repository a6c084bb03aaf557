import { z } from "zod";
import { integerSchema, playIdSchema } from "./common.ts";

export const portParamsSchema = z.object({ id: playIdSchema, portId: z.string().min(1).max(100) });

export const exposureAccessSchema = z.enum(["private", "public"]);

/** Private unless it says "public"; the official client sends an empty text for the default. */
export const requestedAccessSchema = exposureAccessSchema.or(z.literal("")).nullish();

export const createPortBodySchema = z.object({
  machine: z.string().min(1),
  number: integerSchema.min(1).max(65535),
  access: requestedAccessSchema,
  tls: z.boolean().nullish(),
  hostRewrite: z.string().max(255).nullish(),
  pathRewrite: z.string().max(2000).nullish(),
});
export type CreatePortBody = z.infer<typeof createPortBodySchema>;

/** An HTTP port of a machine, reachable on an origin of its own. */
export const portSchema = z
  .object({
    id: z.string(),
    playId: playIdSchema,
    machine: z.string(),
    number: integerSchema,
    hostname: z.string(),
    access: exposureAccessSchema,
    tls: z.boolean(),
    hostRewrite: z.string().optional(),
    pathRewrite: z.string().optional(),
    url: z.string(),
  })
  .meta({ id: "Port" });
export type PortJson = z.infer<typeof portSchema>;

/** A URL that lets this browser into a private port, once. */
export const portTicketSchema = z.object({ url: z.string() }).meta({ id: "PortTicket" });
export type PortTicket = z.infer<typeof portTicketSchema>;

export const scanPortsQuerySchema = z.object({ machine: z.string().max(100).optional() });

/** A port on which a program listens; what is neither HTTP nor HTTPS is "TCP". */
export const listeningPortSchema = z
  .object({ machine: z.string(), number: integerSchema, protocol: z.enum(["HTTP", "HTTPS", "TCP"]) })
  .meta({ id: "ListeningPort" });
export type ListeningPortJson = z.infer<typeof listeningPortSchema>;

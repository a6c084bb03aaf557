import helmet from "@fastify/helmet";
import type { FastifyInstance } from "fastify";
import type { Origins } from "./origins.ts";

/**
 * The policy of our own pages and replies: scripts come from us alone, nobody may frame us. Frames show exposed ports
 * and external pages of web-page tabs. Responses of exposed ports never pass here.
 */
export async function addSecurityHeaders(app: FastifyInstance, origins: Origins): Promise<void> {
  const overHttps = origins.appUrl.startsWith("https:");
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        // The terminal and the component library set styles from script.
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", "data:", "https:"],
        fontSrc: ["'self'", "data:"],
        // Plain and TLS listeners serve the same pages; 'self' alone covers sockets in some browsers only.
        connectSrc: ["'self'", "wss:", ...(overHttps ? [] : ["ws:"])],
        frameSrc: ["'self'", ...origins.portFrameSources, "https:"],
        workerSrc: ["'self'", "blob:"],
        objectSrc: ["'none'"],
        baseUri: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    strictTransportSecurity: overHttps,
    // "no-referrer" would turn the Origin of same-origin form posts into "null".
    referrerPolicy: { policy: "same-origin" },
    crossOriginEmbedderPolicy: false,
    crossOriginOpenerPolicy: { policy: "same-origin" },
    crossOriginResourcePolicy: { policy: "same-origin" },
  });
}

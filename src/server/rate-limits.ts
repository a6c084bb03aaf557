import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance } from "fastify";
import { Problem } from "../api/problems.ts";
import type { ServerConfig } from "./config.ts";

/**
 * Bounds the requests of one person (or, for strangers, of one address) per minute. Replies carry X-Ratelimit-Limit,
 * -Remaining and -Reset, the seconds to wait, as the official client reads them. Runs after authentication. Routes may
 * set tighter limits of their own or none; WebSockets never pass here.
 */
export async function limitRequests(app: FastifyInstance, limits: ServerConfig["rateLimits"]): Promise<void> {
  await app.register(rateLimit, {
    global: true,
    max: request => (request.requester === undefined ? limits.anonymousPerMinute : limits.perMinute),
    timeWindow: "1 minute",
    // Only the API: the pages' own files are few and small, and a page without them is of no use to anybody.
    allowList: request => !request.url.startsWith("/api/"),
    keyGenerator: request => (request.requester ? `user ${request.requester.userId}` : `address ${request.ip}`),
    cache: 10_000,
    errorResponseBuilder: (_request, { ttl }) =>
      new Problem("server/rate-limited", {
        message: `Too many requests: try again in ${Math.ceil(ttl / 1000)} s`,
        hint: "Wait that long. The operator sets the limits under 'rateLimits' in config.yaml.",
      }),
  });
}

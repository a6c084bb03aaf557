import type { FastifyInstance } from "fastify";
import { Problem } from "../api/problems.ts";
import type { Origins } from "./origins.ts";

const safeMethods = ["GET", "HEAD", "OPTIONS"];

/**
 * Refuses what other sites make a browser send. A request that changes something and has an Origin must come from our
 * own pages; one that relies on the cookie must prove it even without an Origin. Requests with an Authorization
 * header are free: no browser adds one by itself. Runs after authentication.
 */
export function refuseCrossSiteRequests(app: FastifyInstance, origins: Origins): void {
  app.addHook("onRequest", async request => {
    if (safeMethods.includes(request.method) || request.headers.authorization !== undefined) return;
    const { origin } = request.headers;
    if (origin !== undefined) {
      if (!origins.isAppOrigin(origin, request.raw)) throw crossSite(`from ${origin}`);
      return;
    }
    if (request.requester?.via === "cookie" && request.headers["sec-fetch-site"] !== "same-origin") {
      throw crossSite("without an Origin");
    }
  });
}

/** Refuses names that are not ours before anything else looks at the request. */
export function refuseForeignHosts(app: FastifyInstance, origins: Origins): void {
  app.addHook("onRequest", async request => {
    const { host } = request.headers;
    if (host !== undefined && origins.isAppHost(host)) return;
    throw new Problem("server/cross-site", {
      message: `This server does not answer under the name "${host ?? ""}"`,
      hint: `Open ${origins.appUrl}, or set publicUrl in config.yaml to the address in use.`,
    });
  });
}

function crossSite(how: string): Problem {
  return new Problem("server/cross-site", {
    message: `A request ${how} was refused: it did not come from Labyard's own pages`,
  });
}

import type { FastifyInstance } from "fastify";
import { Problem } from "../api/problems.ts";

/**
 * Reads every body as JSON, whatever its Content-Type says: the official client sends none at all. An empty body is
 * undefined. Requests of other sites' forms are stopped elsewhere (see csrf.ts).
 */
export function acceptJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, body: string, done) => {
    if (body.trim() === "") {
      done(null, undefined);
      return;
    }
    try {
      done(null, withoutPrototypeKeys(JSON.parse(body)));
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : "not JSON";
      done(new Problem("server/bad-request", { message: `The body of the request is not JSON: ${why}`, cause }));
    }
  });
}

/** Keys that could reach an object's prototype when a careless merge copies them. */
function withoutPrototypeKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPrototypeKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== "__proto__")
      .map(([key, item]) => [key, withoutPrototypeKeys(item)]),
  );
}

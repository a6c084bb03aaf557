import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";

/** Collects the routes registered after it into the document at /api/openapi.json. */
export async function describeApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Labyard",
        version,
        description:
          "Paths and shapes follow the official client; further endpoints serve our own web UI and CLI. Bodies are " +
          "JSON whatever their Content-Type. Failures are problems: `error` is one readable line.",
      },
      servers: [{ url: "/" }],
      components: {
        securitySchemes: {
          session: { type: "http", scheme: "basic", description: "session id and access token" },
          token: { type: "http", scheme: "bearer", description: "personal access token" },
        },
      },
      security: [{ session: [] }, { token: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
}

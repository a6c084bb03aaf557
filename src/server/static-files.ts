import { access } from "node:fs/promises";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import { Problem } from "../api/problems.ts";

/**
 * Serves the built web UI; addresses of pages all lead to its index. Without a build every page says so. Unknown
 * addresses below /api stay problems in JSON.
 */
export async function serveWebUi(app: FastifyInstance, directory: string): Promise<void> {
  const isBuilt = await access(join(directory, "index.html")).then(
    () => true,
    () => false,
  );
  if (isBuilt) {
    await app.register(fastifyStatic, {
      root: directory,
      // Or the plugin sets its own over ours.
      cacheControl: false,
      // Names of assets hold their digest; the index names them and must be asked for every time.
      setHeaders: (reply, path) => {
        const isAsset = path.includes(`${join(directory, "assets")}/`);
        reply.setHeader("cache-control", isAsset ? "public, max-age=31536000, immutable" : "no-cache");
      },
    });
  }
  app.setNotFoundHandler(async (request, reply) => {
    const isPage = request.method === "GET" && !request.url.startsWith("/api");
    if (!isPage || /\.[a-z0-9]+$/i.test(request.url.split("?")[0] ?? "")) {
      throw new Problem("server/not-found", {
        message: `There is nothing at ${request.method} ${request.url.slice(0, 200)}`,
      });
    }
    if (isBuilt) return reply.sendFile("index.html");
    return reply.code(503).type("text/html; charset=utf-8").send(missingUi);
  });
}

const missingUi = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Labyard</title></head>
<body><h1>The web UI has not been built</h1>
<p>The server and its API work. Run <code>npm start</code> once in Labyard's folder: it builds the web UI.</p></body></html>
`;

import { z } from "zod";
import { Problem } from "../../api/problems.ts";
import { mayEdit } from "../access/evaluate.ts";
import { optionalUser } from "../auth/requester.ts";
import { inertHeaders } from "../content/content-headers.ts";
import { publicFolder } from "../content/content-path.ts";
import type { Services } from "../services.ts";
import type { ZodApp } from "../zod-app.ts";

/**
 * The content files themselves: those of `__static__/` for whoever may read the playground (its cover for whoever sees
 * its card), the others for those who may change it. Registered beside the pages, where covers and landing pages point
 * to, and below /api, where the official client downloads from.
 */
export function contentFileRoutes(app: ZodApp, { catalogue, content }: Pick<Services, "catalogue" | "content">): void {
  app.get(
    "/content/files/playgrounds/:name/*",
    { schema: { tags: ["content"], params: z.object({ name: z.string().max(100), "*": z.string().max(1000) }) } },
    async (request, reply) => {
      const requester = optionalUser(request, "playground:read");
      const { name, "*": path } = request.params;
      const playground = await catalogue.find(name);
      const file = playground && (await content.find(playground.id, path));
      if (playground === undefined || file === undefined) throw unknownFile();
      const { canList, canRead, canStart } = catalogue.access(playground, requester);
      const isCover = playground.manifest.cover === `/content/files/playgrounds/${name}/${path}`;
      const isPublic = path.startsWith(publicFolder);
      const maySee = (isPublic && (canRead || (isCover && (canList || canStart)))) || mayEdit(playground, requester);
      // The same answer as for a file that does not exist: names of files are nobody's business either.
      if (!maySee) throw unknownFile();
      void reply.headers(inertHeaders(path, file.md5));
      if (request.headers["if-none-match"] === `"${file.md5}"`) return reply.code(304).send();
      return reply.header("content-length", file.size_bytes).send(content.read(file));
    },
  );
}

const unknownFile = () => new Problem("server/not-found", { message: "There is no such content file" });

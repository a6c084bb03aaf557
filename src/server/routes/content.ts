import { Readable } from "node:stream";
import { z } from "zod";
import { emptyReplySchema } from "../../api/contract/common.ts";
import {
  contentFileSchema,
  contentQuerySchema,
  contentUploadSchema,
  contentFileRefSchema,
  putContentMarkdownBodySchema,
} from "../../api/contract/content.ts";
import { Problem } from "../../api/problems.ts";
import type { Holder } from "../auth/live-connections.ts";
import { holderOf, type Requester, requireUser } from "../auth/requester.ts";
import { requireContentPath } from "../content/content-path.ts";
import type { StoredPlayground } from "../playgrounds/stored-playground.ts";
import type { Services } from "../services.ts";
import type { TicketKind } from "../tickets.ts";
import type { ZodApp } from "../zod-app.ts";

/** Lets the bearer write one file. The official client sends an upload again when it failed, hence reusable. */
const uploadTicketKind: TicketKind<{ playgroundId: string; path: string; holder: Holder }> = {
  name: "content-upload",
  lifetimeMs: 10 * 60_000,
  reusable: true,
};

/** Files beside a manifest (pictures, covers, downloads), as `update --dir` of the official client pushes them. */
export function contentRoutes(
  app: ZodApp,
  {
    accounts,
    catalogue,
    content,
    origins,
    tickets,
  }: Pick<Services, "accounts" | "catalogue" | "content" | "origins" | "tickets">,
): void {
  const tags = ["content"];

  app.get(
    "/content/v2/files",
    { schema: { tags, querystring: contentQuerySchema, response: { 200: z.array(contentFileSchema) } } },
    async request => {
      const { id } = await editable(request.query, requireUser(request, "author:read"));
      return (await content.list(id)).map(({ path, md5 }) => ({ path, digest: md5 }));
    },
  );

  app.put(
    "/content/markdown",
    { schema: { tags, body: putContentMarkdownBodySchema, response: { 200: emptyReplySchema } } },
    async request => {
      const { file, content: text } = request.body;
      const { id } = await editable(request.body, requireUser(request, "author:write"));
      await content.write(id, requireContentPath(file), Readable.from([Buffer.from(text)]));
      return {};
    },
  );

  app.put(
    "/content/files",
    { schema: { tags, body: contentFileRefSchema, response: { 200: contentUploadSchema } } },
    async request => {
      const requester = requireUser(request, "author:write");
      const { id } = await editable(request.body, requester);
      const path = requireContentPath(request.body.file);
      const ticket = tickets.issue(uploadTicketKind, { playgroundId: id, path, holder: holderOf(requester) });
      return { uploadUrl: `${origins.appUrlFor(request.raw)}/api/content/uploads/${ticket}` };
    },
  );

  app.delete(
    "/content/files",
    { schema: { tags, querystring: contentFileRefSchema, response: { 200: emptyReplySchema } } },
    async request => {
      const { id, name } = await editable(request.query, requireUser(request, "author:write"));
      if (await content.remove(id, request.query.file)) return {};
      throw new Problem("server/not-found", {
        message: `The playground "${name}" has no content file "${request.query.file.slice(0, 200)}"`,
      });
    },
  );

  void app.register(async (uploads: ZodApp) => {
    // These bodies are files, whatever they look like.
    uploads.removeAllContentTypeParsers();
    uploads.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    uploads.put(
      "/content/uploads/:ticket",
      {
        schema: { tags, params: z.object({ ticket: z.string().max(100) }), response: { 200: emptyReplySchema } },
        bodyLimit: Number.MAX_SAFE_INTEGER,
      },
      async request => {
        const permitted = tickets.redeem(uploadTicketKind, request.params.ticket);
        if (permitted === undefined || !(await accounts.stillHolds(permitted.holder))) {
          throw new Problem("server/ticket-invalid");
        }
        await content.write(
          permitted.playgroundId,
          permitted.path,
          request.body instanceof Readable ? request.body : Readable.from([]),
        );
        return {};
      },
    );
  });

  async function editable(
    { kind, name }: { kind: string; name: string },
    requester: Requester,
  ): Promise<StoredPlayground> {
    if (kind === "playground") return catalogue.requireEditable(name, requester);
    throw new Problem("server/bad-request", {
      message: `Content of kind "${kind}" is not kept here; only that of playgrounds is`,
    });
  }
}

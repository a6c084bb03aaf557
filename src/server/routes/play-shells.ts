import { z } from "zod";
import { emptyReplySchema } from "../../api/contract/common.ts";
import { playParamsSchema } from "../../api/contract/plays.ts";
import { createShellBodySchema, shellParamsSchema, shellSchema } from "../../api/contract/shells.ts";
import { Problem } from "../../api/problems.ts";
import { deleteShell, findShell, insertShell, listShells } from "../../store/database/shells.ts";
import { holderOf, requireUser } from "../auth/requester.ts";
import { requireMachine } from "../plays/play-actions.ts";
import { requireShell } from "../plays/require-shell.ts";
import { ticketUrl } from "../ports/ticket-url.ts";
import type { Services } from "../services.ts";
import { newShell, shellJson } from "../shells/shared-shell.ts";
import type { ZodApp } from "../zod-app.ts";

const maxShells = 20;

/** Terminals that others can be let into, each on an origin of its own. Shared before the machine is up, too. */
export function playShellRoutes(
  app: ZodApp,
  services: Pick<Services, "ownedPlays" | "database" | "origins" | "tickets" | "shells" | "now">,
): void {
  const { ownedPlays, database, origins, shells, now } = services;
  const tags = ["shells"];

  app.get(
    "/plays/:id/shells",
    { schema: { tags, params: playParamsSchema, response: { 200: z.array(shellSchema) } } },
    async request => {
      const row = await ownedPlays.require(request.params.id, requireUser(request, "playground:read"));
      const appUrl = origins.appUrlFor(request.raw);
      return (await listShells(database, row.id)).map(shell => shellJson(shell, origins, appUrl));
    },
  );

  app.post(
    "/plays/:id/shells",
    { schema: { tags, params: playParamsSchema, body: createShellBodySchema, response: { 200: shellSchema } } },
    async request => {
      const row = await ownedPlays.require(request.params.id, requireUser(request, "playground:write"));
      if (row.destroyed_at !== null)
        throw new Problem("playground/action-not-allowed", { message: "The play has been destroyed" });
      const { machine, access } = request.body;
      const { users } = requireMachine(row, machine);
      const user = request.body.user || (users.find(each => each.default)?.name ?? "root");
      requireShell(row, machine, user);
      if ((await listShells(database, row.id)).length >= maxShells) throw new Problem("server/too-many-shells");
      const shell = newShell({
        playId: row.id,
        machine,
        user,
        access: access === "public" ? "public" : "private",
        nowMs: now(),
      });
      await insertShell(database, shell);
      return shellJson(shell, origins, origins.appUrlFor(request.raw));
    },
  );

  app.delete(
    "/plays/:id/shells/:shellId",
    { schema: { tags, params: shellParamsSchema, response: { 200: emptyReplySchema } } },
    async request => {
      const row = await ownedPlays.require(request.params.id, requireUser(request, "playground:write"));
      const { shellId } = request.params;
      if (!(await deleteShell(database, row.id, shellId))) throw unknownShell();
      await shells.close({ id: shellId, play_id: row.id });
      return {};
    },
  );

  // Where the address of a private shell leads who typed it: logged in, they come back with a ticket.
  app.get(
    "/plays/:id/shells/:shellId/open",
    { schema: { tags, params: shellParamsSchema, querystring: z.object({ path: z.string().max(4000).default("/") }) } },
    async (request, reply) => {
      const appUrl = origins.appUrlFor(request.raw);
      if (request.requester === undefined) {
        return reply.redirect(`${appUrl}/login?next=${encodeURIComponent(request.url)}`);
      }
      // More than reading: a shell can do anything.
      const requester = requireUser(request, "playground:write");
      const row = await ownedPlays.require(request.params.id, requester);
      const shell = await findShell(database, row.id, request.params.shellId);
      if (shell === undefined) throw unknownShell();
      return reply.redirect(ticketUrl(shell, holderOf(requester), request.query.path, appUrl, services));
    },
  );
}

function unknownShell(): Problem {
  return new Problem("server/not-found", { message: "This play has no such shared shell" });
}

import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { emptyReplySchema } from "../../api/contract/common.ts";
import { playParamsSchema } from "../../api/contract/plays.ts";
import {
  openedTerminalSchema,
  openTerminalBodySchema,
  socketTicketSchema,
  terminalParamsSchema,
  terminalSchema,
} from "../../api/contract/terminals.ts";
import { Problem } from "../../api/problems.ts";
import { holderOf, type Requester, requireUser } from "../auth/requester.ts";
import { requireShell } from "../plays/require-shell.ts";
import type { Services } from "../services.ts";
import { runnerTicketKind, socketUrl } from "../sockets/socket-tickets.ts";
import type { ZodApp } from "../zod-app.ts";

/** Terminals in the browser. A session lives in the play's runner; tickets let viewers look at it. */
export function playTerminalRoutes(
  app: ZodApp,
  { ownedPlays, plays, origins, tickets }: Pick<Services, "ownedPlays" | "plays" | "origins" | "tickets">,
): void {
  const tags = ["terminals"];

  function viewUrl(request: FastifyRequest, requester: Requester, playId: string, terminalId: string): string {
    const target = { kind: "terminal", terminalId } as const;
    const ticket = tickets.issue(runnerTicketKind, { playId, target, holder: holderOf(requester) });
    const appUrl = origins.appUrlFor(request.raw);
    return socketUrl(appUrl, `/plays/${playId}/terminals/${encodeURIComponent(terminalId)}/socket`, ticket);
  }

  app.post(
    "/plays/:id/terminals",
    {
      schema: { tags, params: playParamsSchema, body: openTerminalBodySchema, response: { 200: openedTerminalSchema } },
    },
    async request => {
      const requester = requireUser(request, "playground:write");
      const row = await ownedPlays.require(request.params.id, requester);
      const { machine, user, cols, rows } = request.body;
      requireShell(row, machine, user);
      const id = await plays.openTerminal(row.id, { machine, cols, rows, ...(user === undefined ? {} : { user }) });
      return { id, url: viewUrl(request, requester, row.id, id) };
    },
  );

  app.get(
    "/plays/:id/terminals",
    { schema: { tags, params: playParamsSchema, response: { 200: z.array(terminalSchema) } } },
    async request => {
      const row = await ownedPlays.require(request.params.id, requireUser(request, "playground:read"));
      return plays.listTerminals(row.id);
    },
  );

  app.post(
    "/plays/:id/terminals/:terminalId/tickets",
    { schema: { tags, params: terminalParamsSchema, response: { 200: socketTicketSchema } } },
    async request => {
      const { id, terminalId } = request.params;
      const requester = requireUser(request, "playground:write");
      const row = await ownedPlays.require(id, requester);
      const terminals = await plays.listTerminals(row.id);
      if (!terminals.some(terminal => terminal.id === terminalId)) {
        throw new Problem("server/not-found", { message: "This terminal has been closed" });
      }
      return { url: viewUrl(request, requester, row.id, terminalId) };
    },
  );

  app.delete(
    "/plays/:id/terminals/:terminalId",
    { schema: { tags, params: terminalParamsSchema, response: { 200: emptyReplySchema } } },
    async request => {
      const { id, terminalId } = request.params;
      const row = await ownedPlays.require(id, requireUser(request, "playground:write"));
      await plays.closeTerminal(row.id, terminalId);
      return {};
    },
  );
}

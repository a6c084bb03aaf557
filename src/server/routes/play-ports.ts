import { z } from "zod";
import { emptyReplySchema } from "../../api/contract/common.ts";
import { playParamsSchema } from "../../api/contract/plays.ts";
import {
  createPortBodySchema,
  listeningPortSchema,
  portParamsSchema,
  portSchema,
  portTicketSchema,
  scanPortsQuerySchema,
} from "../../api/contract/ports.ts";
import { Problem } from "../../api/problems.ts";
import { deletePort, findPort, insertPorts, listPorts } from "../../store/database/ports.ts";
import { holderOf, requireUser } from "../auth/requester.ts";
import { requireMachine } from "../plays/play-actions.ts";
import { portJson, portOfRequest } from "../ports/exposed-port.ts";
import { ticketUrl } from "../ports/ticket-url.ts";
import type { Services } from "../services.ts";
import type { ZodApp } from "../zod-app.ts";

const maxPorts = 50;

/** HTTP ports of machines on origins of their own. A port may be exposed before its machine is up. */
export function playPortRoutes(
  app: ZodApp,
  services: Pick<Services, "ownedPlays" | "plays" | "database" | "origins" | "tickets" | "now">,
): void {
  const { ownedPlays, plays, database, origins, now } = services;
  const tags = ["ports"];

  app.get(
    "/plays/:id/ports",
    { schema: { tags, params: playParamsSchema, response: { 200: z.array(portSchema) } } },
    async request => {
      const row = await ownedPlays.require(request.params.id, requireUser(request, "playground:read"));
      const appUrl = origins.appUrlFor(request.raw);
      return (await listPorts(database, row.id)).map(port => portJson(port, origins, appUrl));
    },
  );

  app.post(
    "/plays/:id/ports",
    { schema: { tags, params: playParamsSchema, body: createPortBodySchema, response: { 200: portSchema } } },
    async request => {
      const row = await ownedPlays.require(request.params.id, requireUser(request, "playground:write"));
      if (row.destroyed_at !== null)
        throw new Problem("playground/action-not-allowed", { message: "The play has been destroyed" });
      requireMachine(row, request.body.machine);
      const { pathRewrite } = request.body;
      if (pathRewrite && !pathRewrite.startsWith("/")) {
        throw new Problem("server/bad-request", { message: 'pathRewrite must start with "/"' });
      }
      if ((await listPorts(database, row.id)).length >= maxPorts) throw new Problem("server/too-many-ports");
      const port = portOfRequest(row.id, request.body, now());
      await insertPorts(database, [port]);
      return portJson(port, origins, origins.appUrlFor(request.raw));
    },
  );

  app.delete(
    "/plays/:id/ports/:portId",
    { schema: { tags, params: portParamsSchema, response: { 200: emptyReplySchema } } },
    async request => {
      const row = await ownedPlays.require(request.params.id, requireUser(request, "playground:write"));
      if (await deletePort(database, row.id, request.params.portId)) return {};
      throw unknownPort();
    },
  );

  app.post(
    "/plays/:id/ports/:portId/tickets",
    { schema: { tags, params: portParamsSchema, response: { 200: portTicketSchema } } },
    async request => {
      const requester = requireUser(request, "playground:read");
      const row = await ownedPlays.require(request.params.id, requester);
      const port = await findPort(database, row.id, request.params.portId);
      if (port === undefined) throw unknownPort();
      return { url: ticketUrl(port, holderOf(requester), "/", origins.appUrlFor(request.raw), services) };
    },
  );

  // Where the address of a private port leads who typed it: logged in, they come back with a ticket.
  app.get(
    "/plays/:id/ports/:portId/open",
    { schema: { tags, params: portParamsSchema, querystring: z.object({ path: z.string().max(4000).default("/") }) } },
    async (request, reply) => {
      const appUrl = origins.appUrlFor(request.raw);
      const { requester } = request;
      if (requester === undefined) {
        return reply.redirect(`${appUrl}/login?next=${encodeURIComponent(request.url)}`);
      }
      const row = await ownedPlays.require(request.params.id, requireUser(request, "playground:read"));
      const port = await findPort(database, row.id, request.params.portId);
      if (port === undefined) throw unknownPort();
      return reply.redirect(ticketUrl(port, holderOf(requester), request.query.path, appUrl, services));
    },
  );

  app.post(
    "/plays/:id/ports/scan",
    {
      schema: {
        tags,
        params: playParamsSchema,
        querystring: scanPortsQuerySchema,
        response: { 200: z.array(listeningPortSchema) },
      },
    },
    async request => {
      const row = await ownedPlays.require(request.params.id, requireUser(request, "playground:read"));
      const { machine } = request.query;
      if (machine) requireMachine(row, machine);
      return plays.scanPorts(row.id, machine || undefined);
    },
  );
}

function unknownPort(): Problem {
  return new Problem("server/not-found", { message: "This play has no such exposed port" });
}

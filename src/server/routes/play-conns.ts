import { connReplySchema } from "../../api/contract/conns.ts";
import { playParamsSchema } from "../../api/contract/plays.ts";
import { requireUser } from "../auth/requester.ts";
import type { Services } from "../services.ts";
import { connTicketKind, socketUrl } from "../sockets/socket-tickets.ts";
import type { ZodApp } from "../zod-app.ts";

export function playConnRoute(
  app: ZodApp,
  { ownedPlays, origins, tickets }: Pick<Services, "ownedPlays" | "origins" | "tickets">,
): void {
  app.post(
    "/plays/:id/conns",
    { schema: { tags: ["plays"], params: playParamsSchema, response: { 200: connReplySchema } } },
    async request => {
      const row = await ownedPlays.require(request.params.id, requireUser(request, "playground:read"));
      const ticket = tickets.issue(connTicketKind, { playId: row.id });
      return { url: socketUrl(origins.appUrlFor(request.raw), `/plays/${row.id}/conns/socket`, ticket) };
    },
  );
}

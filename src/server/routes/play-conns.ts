import { connReplySchema } from "../../api/contract/conns.ts";
import { playParamsSchema } from "../../api/contract/plays.ts";
import { holderOf, requireUser } from "../auth/requester.ts";
import type { Services } from "../services.ts";
import { connTicketKind, socketUrl } from "../sockets/socket-tickets.ts";
import type { ZodApp } from "../zod-app.ts";

export function playConnRoute(
  app: ZodApp,
  { ownedPlays, origins, tickets }: Pick<Services, "ownedPlays" | "origins" | "tickets">,
): void {
  app.post(
    "/plays/:id/conns",
    {
      schema: { tags: ["plays"], params: playParamsSchema, response: { 200: connReplySchema } },
      // Followers of a play have nothing to come back with when they are sent away here.
      config: { rateLimit: false },
    },
    async request => {
      const requester = requireUser(request, "playground:read");
      const row = await ownedPlays.require(request.params.id, requester);
      const ticket = tickets.issue(connTicketKind, { playId: row.id, holder: holderOf(requester) });
      return { url: socketUrl(origins.appUrlFor(request.raw), `/plays/${row.id}/conns/socket`, ticket) };
    },
  );
}

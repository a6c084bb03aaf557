import { journalReplySchema, openJournalBodySchema } from "../../api/contract/journals.ts";
import { playParamsSchema } from "../../api/contract/plays.ts";
import type { Manifest } from "../../manifest/schema.ts";
import { holderOf, requireUser } from "../auth/requester.ts";
import { requireMachine } from "../plays/play-actions.ts";
import type { Services } from "../services.ts";
import { journalTicketKind, socketUrl } from "../sockets/socket-tickets.ts";
import type { ZodApp } from "../zod-app.ts";

/** A machine's journal. What is to be read travels in the ticket, not in the URL. */
export function playJournalRoute(
  app: ZodApp,
  { ownedPlays, origins, tickets }: Pick<Services, "ownedPlays" | "origins" | "tickets">,
): void {
  app.post(
    "/plays/:id/journals",
    {
      schema: {
        tags: ["plays"],
        params: playParamsSchema,
        body: openJournalBodySchema.nullish(),
        response: { 200: journalReplySchema },
      },
    },
    async request => {
      const requester = requireUser(request, "playground:read");
      const row = await ownedPlays.require(request.params.id, requester);
      const { machine, unit, lines, since, until, cursor } = request.body ?? {};
      const first = (JSON.parse(row.manifest) as Manifest).playground.machines[0]?.name ?? "";
      const { name } = requireMachine(row, machine || first);
      const query = {
        ...(unit ? { unit } : {}),
        // The official client's number when the flag was not given.
        ...(lines ? { lines } : {}),
        ...(since ? { since } : {}),
        ...(until ? { until } : {}),
        ...(cursor ? { cursor } : {}),
      };
      const ticket = tickets.issue(journalTicketKind, {
        playId: row.id,
        target: { kind: "journal", machine: name, query },
        holder: holderOf(requester),
      });
      return { url: socketUrl(origins.appUrlFor(request.raw), `/plays/${row.id}/journals/socket`, ticket) };
    },
  );
}

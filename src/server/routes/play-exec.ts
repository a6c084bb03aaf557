import { execBodySchema } from "../../api/contract/exec.ts";
import { playParamsSchema } from "../../api/contract/plays.ts";
import { socketTicketSchema } from "../../api/contract/terminals.ts";
import type { UpgradeTarget } from "../../playground/plays.ts";
import { holderOf, requireUser } from "../auth/requester.ts";
import { requireShell } from "../plays/require-shell.ts";
import type { Services } from "../services.ts";
import { runnerTicketKind, socketUrl } from "../sockets/socket-tickets.ts";
import type { ZodApp } from "../zod-app.ts";

/** Commands over the platform channel; the command travels in the ticket, not in the URL. */
export function playExecRoute(
  app: ZodApp,
  { ownedPlays, origins, tickets }: Pick<Services, "ownedPlays" | "origins" | "tickets">,
): void {
  app.post(
    "/plays/:id/exec",
    {
      schema: {
        tags: ["terminals"],
        params: playParamsSchema,
        body: execBodySchema,
        response: { 200: socketTicketSchema },
      },
    },
    async request => {
      const requester = requireUser(request, "playground:write");
      const row = await ownedPlays.require(request.params.id, requester);
      const { machine, user, command, pty } = request.body;
      requireShell(row, machine, user);
      const target: UpgradeTarget = {
        kind: "exec",
        machine,
        ...(user === undefined ? {} : { user }),
        ...(command === undefined ? {} : { command }),
        ...(pty === undefined ? {} : { pty }),
      };
      const ticket = tickets.issue(runnerTicketKind, { playId: row.id, target, holder: holderOf(requester) });
      return { url: socketUrl(origins.appUrlFor(request.raw), `/plays/${row.id}/exec/socket`, ticket) };
    },
  );
}

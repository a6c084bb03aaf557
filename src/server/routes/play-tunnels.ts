import { z } from "zod";

import { playParamsSchema } from "../../api/contract/plays.ts";
import {
  startTunnelBodySchema,
  tunnelLoginQuerySchema,
  tunnelParamsSchema,
  tunnelSchema,
} from "../../api/contract/tunnels.ts";
import { Problem } from "../../api/problems.ts";
import { requireUser } from "../auth/requester.ts";
import { requireMachine } from "../plays/play-actions.ts";
import { requireShell } from "../plays/require-shell.ts";
import type { Services } from "../services.ts";
import { whenMachineReady } from "../tunnels/await-machine.ts";
import { readSshPublicKey } from "../tunnels/ssh-public-key.ts";
import { tunnelPath, tunnelTicketKind } from "../tunnels/tunnel-credentials.ts";
import type { ZodApp } from "../zod-app.ts";

const maxHeldPerPlay = 32;

/** TCP into a machine for ssh, copies and port forwards. */
export function playTunnelRoutes(
  app: ZodApp,
  services: Pick<Services, "ownedPlays" | "plays" | "origins" | "tickets" | "tunnelCredentials" | "tunnelHoldMs">,
): void {
  const { ownedPlays, plays, origins, tickets, tunnelCredentials, tunnelHoldMs } = services;
  const tags = ["tunnels"];
  const held = new Map<string, number>();

  app.post(
    "/plays/:id/tunnels",
    {
      schema: { tags, params: playParamsSchema, body: startTunnelBodySchema, response: { 200: tunnelSchema } },
    },
    async (request, reply) => {
      const requester = requireUser(request, "playground:write");
      const row = await ownedPlays.require(request.params.id, requester);
      const { machine, sshUser, sshPubKey, generateLoginUrl } = request.body;
      requireMachine(row, machine);
      if (sshUser) requireShell(row, machine, sshUser);
      if (Boolean(sshUser) !== Boolean(sshPubKey?.trim())) {
        throw new Problem("server/bad-request", { message: "sshUser and sshPubKey are given together or not at all" });
      }
      const key = sshUser && sshPubKey ? readSshPublicKey(sshPubKey) : undefined;

      const waiting = held.get(row.id) ?? 0;
      if (waiting >= maxHeldPerPlay) {
        throw new Problem("server/rate-limited", { message: "Too many tunnels of this play wait for their machines" });
      }
      held.set(row.id, waiting + 1);
      const gone = new AbortController();
      reply.raw.once("close", () => gone.abort(new Error("the client has left")));
      try {
        await whenMachineReady(
          { plays, playId: row.id, machine, signal: gone.signal, holdMs: tunnelHoldMs },
          async timeoutMs => {
            if (sshUser && key) await plays.authorizeKey(row.id, { machine, user: sshUser, key, timeoutMs });
          },
        );
      } finally {
        const left = (held.get(row.id) ?? 1) - 1;
        if (left > 0) held.set(row.id, left);
        else held.delete(row.id);
      }

      const opened = await tunnelCredentials.open(row, machine, requester);
      const path = tunnelPath(opened.tunnelId);
      const ticket = tickets.issue(tunnelTicketKind, opened);
      return {
        url: `${origins.tunnelOriginFor(request.raw)}${path}`,
        ...(generateLoginUrl === true
          ? { loginUrl: `${origins.appUrlFor(request.raw)}${path}/login?ticket=${ticket}` }
          : {}),
      };
    },
  );

  // The official client looks at the cookies of this very response and at nothing else, so there is no redirect.
  app.get(
    "/gateway/:tunnelId/login",
    {
      schema: {
        tags,
        params: tunnelParamsSchema,
        querystring: tunnelLoginQuerySchema,
        response: { 200: z.object({ tunnel: z.string() }) },
      },
    },
    async (request, reply) => {
      const opened = tickets.redeem(tunnelTicketKind, request.query.ticket);
      if (opened?.tunnelId !== request.params.tunnelId) throw new Problem("server/ticket-invalid");
      const isSecure = origins.appUrlFor(request.raw).startsWith("https:");
      reply.header("set-cookie", tunnelCredentials.cookie(opened.tunnelId, opened.secret, isSecure));
      reply.header("cache-control", "no-store");
      return { tunnel: opened.tunnelId };
    },
  );
}

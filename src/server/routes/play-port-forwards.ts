import { z } from "zod";
import { emptyReplySchema } from "../../api/contract/common.ts";
import { playParamsSchema } from "../../api/contract/plays.ts";
import { portForwardSchema, savePortForwardBodySchema } from "../../api/contract/tunnels.ts";
import { Problem } from "../../api/problems.ts";
import { deletePortForward, listPortForwards } from "../../store/database/port-forwards.ts";
import { requireUser } from "../auth/requester.ts";
import { requireMachine } from "../plays/play-actions.ts";
import type { Services } from "../services.ts";
import { forwardJson, saveForward } from "../tunnels/saved-forwards.ts";
import type { ZodApp } from "../zod-app.ts";

/** Port forwards that a play remembers. The server only keeps them; clients open them. */
export function playPortForwardRoutes(
  app: ZodApp,
  { ownedPlays, database, now }: Pick<Services, "ownedPlays" | "database" | "now">,
): void {
  const tags = ["tunnels"];

  app.get(
    "/plays/:id/port-forwards",
    { schema: { tags, params: playParamsSchema, response: { 200: z.array(portForwardSchema) } } },
    async request => {
      const row = await ownedPlays.require(request.params.id, requireUser(request, "playground:read"));
      return (await listPortForwards(database, row.id)).map(forwardJson);
    },
  );

  app.post(
    "/plays/:id/port-forwards",
    {
      schema: { tags, params: playParamsSchema, body: savePortForwardBodySchema, response: { 200: portForwardSchema } },
    },
    async request => {
      const row = await ownedPlays.require(request.params.id, requireUser(request, "playground:write"));
      requireMachine(row, request.body.machine);
      return saveForward(database, row.id, request.body, now());
    },
  );

  app.delete(
    "/plays/:id/port-forwards/:index",
    {
      schema: {
        tags,
        params: playParamsSchema.extend({ index: z.string().max(30) }),
        response: { 200: emptyReplySchema },
      },
    },
    async request => {
      const row = await ownedPlays.require(request.params.id, requireUser(request, "playground:write"));
      // Its number in the list, from 0; anything else finds nothing.
      const forward = (await listPortForwards(database, row.id))[Number(request.params.index)];
      if (forward === undefined) throw new Problem("server/not-found", { message: "There is no such port forward" });
      await deletePortForward(database, forward.id);
      return {};
    },
  );
}

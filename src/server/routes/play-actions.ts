import { z } from "zod";
import { playActionSchema } from "../../api/contract/actions.ts";
import { consoleContentSchema, consoleListSchema } from "../../api/contract/consoles.ts";
import { playParamsSchema, playSchema } from "../../api/contract/plays.ts";
import { Problem } from "../../api/problems.ts";
import { requireUser } from "../auth/requester.ts";
import { changePlay, requireMachine } from "../plays/play-actions.ts";
import type { Services } from "../services.ts";
import type { ZodApp } from "../zod-app.ts";

/** Every machine has one: its serial console. */
const serialConsole = "serial";

export function playActionRoute(
  app: ZodApp,
  services: Pick<Services, "ownedPlays" | "plays" | "quotas" | "database" | "origins" | "now" | "expiry" | "feeds">,
): void {
  const { ownedPlays, plays, database, origins, now, expiry, feeds } = services;
  const deps = {
    database,
    plays,
    quotas: services.quotas,
    now,
    onExpiryChanged: () => expiry.refresh(),
    onPlayChanged: (playId: string) => feeds.poke(playId),
  };
  // The official client decodes a JSON object whatever the action was.
  const reply = z.union([playSchema, consoleListSchema, consoleContentSchema]);

  app.post(
    "/plays/:id/actions",
    { schema: { tags: ["plays"], params: playParamsSchema, body: playActionSchema, response: { 200: reply } } },
    async request => {
      const action = request.body;
      const isReading = action.action === "machine.console.list" || action.action === "machine.console.read";
      const requester = requireUser(request, isReading ? "playground:read" : "playground:write");
      const row = await ownedPlays.require(request.params.id, requester);
      if (action.action === "machine.console.list") {
        requireMachine(row, action.machine);
        return { consoles: [serialConsole] };
      }
      if (action.action === "machine.console.read") {
        requireMachine(row, action.machine);
        if (action.console === serialConsole) return { content: await plays.console(row.id, action.machine) };
        throw new Problem("server/not-found", {
          message: `Machine "${action.machine}" has no console "${action.console}" (it has: ${serialConsole})`,
        });
      }
      const changed = await changePlay(row, action, deps);
      return ownedPlays.json(changed, origins.appUrlFor(request.raw));
    },
  );

  // An older word for the action "destroy", which programs still know.
  app.delete(
    "/plays/:id",
    { schema: { tags: ["plays"], deprecated: true, params: playParamsSchema, response: { 200: playSchema } } },
    async request => {
      const row = await ownedPlays.require(request.params.id, requireUser(request, "playground:write"));
      const destroyed = await changePlay(row, { action: "destroy" }, deps);
      return ownedPlays.json(destroyed, origins.appUrlFor(request.raw));
    },
  );
}

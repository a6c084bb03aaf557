import { playStateSchema } from "../../api/contract/play-state.ts";
import { playParamsSchema, playSchema } from "../../api/contract/plays.ts";
import { requireUser } from "../auth/requester.ts";
import type { Services } from "../services.ts";
import type { ZodApp } from "../zod-app.ts";

/** One play: as the official client reads it, and the whole state for our own clients. */
export function playRoutes(app: ZodApp, { ownedPlays, origins }: Pick<Services, "ownedPlays" | "origins">): void {
  const schema = { tags: ["plays"], params: playParamsSchema };

  app.get("/plays/:id", { schema: { ...schema, response: { 200: playSchema } } }, async request => {
    const row = await ownedPlays.require(request.params.id, requireUser(request, "playground:read"));
    return ownedPlays.json(row, origins.appUrlFor(request.raw));
  });

  app.get("/plays/:id/state", { schema: { ...schema, response: { 200: playStateSchema } } }, async request => {
    const row = await ownedPlays.require(request.params.id, requireUser(request, "playground:read"));
    return ownedPlays.state(row);
  });
}

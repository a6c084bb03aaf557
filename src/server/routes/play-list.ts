import { z } from "zod";
import { listPlaysQuerySchema, playSchema } from "../../api/contract/plays.ts";
import { requireUser } from "../auth/requester.ts";
import type { Services } from "../services.ts";
import type { ZodApp } from "../zod-app.ts";

export function playListRoute(app: ZodApp, { ownedPlays, origins }: Pick<Services, "ownedPlays" | "origins">): void {
  app.get(
    "/plays",
    { schema: { tags: ["plays"], querystring: listPlaysQuerySchema, response: { 200: z.array(playSchema) } } },
    async request => {
      const { userId } = requireUser(request, "playground:read");
      const { persistent } = request.query;
      const filter = persistent === "any" ? undefined : persistent === "true";
      return ownedPlays.list(userId, filter, origins.appUrlFor(request.raw));
    },
  );
}

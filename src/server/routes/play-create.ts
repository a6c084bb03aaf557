import { createPlayBodySchema, playSchema } from "../../api/contract/plays.ts";
import { requireUser } from "../auth/requester.ts";
import { startPlay } from "../plays/start-play.ts";
import type { Services } from "../services.ts";
import type { ZodApp } from "../zod-app.ts";

export function playCreateRoute(
  app: ZodApp,
  services: Pick<
    Services,
    "catalogue" | "config" | "database" | "limits" | "ownedPlays" | "quotas" | "plays" | "expiry" | "now" | "origins"
  >,
): void {
  app.post(
    "/plays",
    {
      schema: { tags: ["plays"], body: createPlayBodySchema, response: { 200: playSchema } },
      config: { rateLimit: { max: 60, timeWindow: "1 minute" } },
    },
    async request => {
      const requester = requireUser(request, "playground:write");
      const row = await startPlay(request.body, requester, services);
      return services.ownedPlays.json(row, services.origins.appUrlFor(request.raw));
    },
  );
}

import { z } from "zod";
import { type Me, meSchema } from "../../api/contract/me.ts";
import { type Requester, requireUser } from "../auth/requester.ts";
import type { ZodApp } from "../zod-app.ts";

export function meRoutes(app: ZodApp): void {
  const querystring = z.object({ authenticate: z.string().optional() });
  app.get("/auth/me", { schema: { tags: ["login"], querystring, response: { 200: meSchema } } }, async request =>
    meOf(requireUser(request, "account:read")),
  );
}

export function meOf(requester: Requester): Me {
  return {
    id: requester.userId,
    name: requester.name,
    administrator: requester.administrator,
    ...(requester.githubHandle === undefined ? {} : { githubProfileId: requester.githubHandle }),
  };
}

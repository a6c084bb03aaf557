import { healthSchema } from "../../api/contract/health.ts";
import type { Services } from "../services.ts";
import type { ZodApp } from "../zod-app.ts";

export function healthRoutes(app: ZodApp, { version, instance }: Pick<Services, "version" | "instance">): void {
  app.get("/health", { schema: { tags: ["server"], response: { 200: healthSchema } } }, async () => ({
    status: "ok" as const,
    product: "labyard" as const,
    version,
    instance,
  }));
}

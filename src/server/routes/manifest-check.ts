import { manifestCheckBodySchema, manifestCheckReplySchema } from "../../api/contract/manifest-check.ts";
import { checkManifest } from "../../manifest/check.ts";
import { parseManifestYaml } from "../../manifest/parse.ts";
import { groupNames } from "../../store/database/groups.ts";
import { optionalUser } from "../auth/requester.ts";
import type { Services } from "../services.ts";
import type { ZodApp } from "../zod-app.ts";

/** The same check as on saving, for editors: with line numbers, and without saving anything. */
export function manifestCheckRoute(
  app: ZodApp,
  { catalogue, plays, database }: Pick<Services, "catalogue" | "plays" | "database">,
): void {
  app.post(
    "/manifest/check",
    {
      schema: { tags: ["playgrounds"], body: manifestCheckBodySchema, response: { 200: manifestCheckReplySchema } },
    },
    async request => {
      const requester = optionalUser(request, "playground:read");
      const parsed = parseManifestYaml(request.body.source);
      const baseName = request.body.base ?? parsed.input?.base;
      const found = baseName === undefined ? undefined : await catalogue.find(baseName);
      const base = found && catalogue.access(found, requester).canRead ? found : undefined;
      const knownBases = (await catalogue.list("base", requester)).map(({ name }) => name);
      const { findings } = checkManifest(parsed, {
        for: request.body.for,
        knownKernels: await plays.kernels(),
        // Nothing can be saved yet, so none is anybody's.
        knownSnapshots: [],
        ...(base === undefined ? { knownBases } : { base: base.manifest, offers: await catalogue.offersOf(base) }),
        knownGroups: await groupNames(database),
      });
      return {
        valid: findings.every(finding => finding.severity !== "error"),
        findings: findings.map(finding => ({ ...finding })),
      };
    },
  );
}

import { randomBytes } from "node:crypto";
import { z } from "zod";
import { emptyReplySchema, type Warning } from "../../api/contract/common.ts";
import {
  createPlaygroundBodySchema,
  getPlaygroundQuerySchema,
  listPlaygroundsQuerySchema,
  manifestTextSchema,
  type PlaygroundJson,
  playgroundSchema,
  updatePlaygroundBodySchema,
} from "../../api/contract/playgrounds.ts";
import { Problem } from "../../api/problems.ts";
import { dumpManifest, withoutSecrets } from "../../manifest/dump.ts";
import type { Manifest } from "../../manifest/schema.ts";
import { groupNames } from "../../store/database/groups.ts";
import {
  deletePlayground,
  insertPlayground,
  type PlaygroundRow,
  updatePlayground,
} from "../../store/database/playgrounds.ts";
import { mayEdit } from "../access/evaluate.ts";
import { optionalUser, type Requester, requireUser } from "../auth/requester.ts";
import { newId } from "../auth/secrets.ts";
import { judgeManifest, readManifestBody } from "../playgrounds/judge-manifest.ts";
import { playgroundCard, playgroundDump } from "../playgrounds/playground-json.ts";
import { type StoredPlayground, storedPlaygroundOf } from "../playgrounds/stored-playground.ts";
import type { Services } from "../services.ts";
import type { ZodApp } from "../zod-app.ts";

const tags = ["playgrounds"];
const params = z.object({ name: z.string().max(100) });
const nameAttempts = 5;

/** The catalogue: built-in playgrounds for everybody, custom ones as their access lists say. */
export function playgroundRoutes(
  app: ZodApp,
  {
    catalogue,
    content,
    database,
    origins,
    plays,
    now,
  }: Pick<Services, "catalogue" | "content" | "database" | "origins" | "plays" | "now">,
): void {
  function dump(playground: StoredPlayground, requester: Requester | undefined, appUrl: string): PlaygroundJson {
    const access = catalogue.access(playground, requester);
    return playgroundDump(playground, { access, appUrl, showSecrets: mayEdit(playground, requester) });
  }

  app.get(
    "/playgrounds",
    { schema: { tags, querystring: listPlaygroundsQuerySchema, response: { 200: z.array(playgroundSchema) } } },
    async request => {
      const requester = optionalUser(request, "playground:read");
      const appUrl = origins.appUrlFor(request.raw);
      const found = await catalogue.list(request.query.filter, requester);
      return found.map(playground =>
        playgroundCard(playground, { access: catalogue.access(playground, requester), appUrl }),
      );
    },
  );

  app.get(
    "/playgrounds/:name",
    { schema: { tags, params, querystring: getPlaygroundQuerySchema, response: { 200: playgroundSchema } } },
    async request => {
      const requester = optionalUser(request, "playground:read");
      const isExtended = request.query.format === "extended";
      const { playground, access } = await catalogue.require(
        request.params.name,
        requester,
        // The official client reads a playground before it starts it.
        isExtended ? ["canRead"] : ["canRead", "canStart"],
      );
      const appUrl = origins.appUrlFor(request.raw);
      if (isExtended || access.canRead) return dump(playground, requester, appUrl);
      // Who may only start it sees what choosing its parameters takes, and nothing of how it is made.
      const { initConditions, machines } = dump(playground, requester, appUrl);
      return { ...playgroundCard(playground, { access, appUrl }), initConditions, machines };
    },
  );

  app.get(
    "/playgrounds/:name/manifest",
    { schema: { tags, params, response: { 200: manifestTextSchema } } },
    async request => {
      const requester = optionalUser(request, "playground:read");
      const { playground } = await catalogue.require(request.params.name, requester, ["canRead"]);
      const { manifest } = playground;
      return { manifest: dumpManifest(mayEdit(playground, requester) ? manifest : withoutSecrets(manifest)) };
    },
  );

  app.post(
    "/playgrounds",
    { schema: { tags, body: createPlaygroundBodySchema, response: { 200: playgroundSchema } } },
    async request => {
      const requester = requireUser(request, "author:write");
      const { name, base: baseName } = request.body;
      const base = await usableBase(baseName, requester);
      const { manifest, warnings } = judgeManifest(readManifestBody(request.body), {
        for: "create",
        name,
        knownKernels: await plays.kernels(),
        ...(base === undefined
          ? { knownBases: await baseNames(requester) }
          : { base: base.manifest, offers: await catalogue.offersOf(base) }),
        knownGroups: await groupNames(database),
      });
      const row = await insertUnderFreeName(name, fullName => ({
        id: newId(),
        name: fullName,
        owner: requester.userId,
        base: baseName,
        manifest: JSON.stringify({ ...manifest, name: fullName }),
        created_at: now(),
        updated_at: now(),
      }));
      const reply = dump(storedPlaygroundOf(row), requester, origins.appUrlFor(request.raw));
      return { ...reply, warnings: [...warnings, ...(await imageWarnings(manifest))] };
    },
  );

  app.put(
    "/playgrounds/:name",
    { schema: { tags, params, body: updatePlaygroundBodySchema, response: { 200: playgroundSchema } } },
    async request => {
      const requester = requireUser(request, "author:write");
      const current = await catalogue.requireEditable(request.params.name, requester);
      const base = await catalogue.find(current.base);
      // Name and base cannot change; what clients echo is not compared.
      const { name: _name, base: _base, ...body } = request.body;
      const { manifest, warnings } = judgeManifest(readManifestBody(body), {
        for: "update",
        knownGroups: await groupNames(database),
        current: current.manifest,
        knownKernels: await plays.kernels(),
        ...(base === undefined ? {} : { base: base.manifest }),
      });
      const updatedAtMs = now();
      await updatePlayground(database, current.name, { manifest: JSON.stringify(manifest), updated_at: updatedAtMs });
      const reply = dump({ ...current, manifest, updatedAtMs }, requester, origins.appUrlFor(request.raw));
      return { ...reply, warnings: [...warnings, ...(await imageWarnings(manifest))] };
    },
  );

  app.delete("/playgrounds/:name", { schema: { tags, params, response: { 200: emptyReplySchema } } }, async request => {
    const requester = requireUser(request, "author:write");
    const { id, name } = await catalogue.requireEditable(request.params.name, requester);
    await deletePlayground(database, name);
    await content.removeAll(id);
    return {};
  });

  /** A base must be one this person may read (its parts are copied) and start. */
  async function usableBase(name: string, requester: Requester): Promise<StoredPlayground | undefined> {
    const base = await catalogue.find(name);
    const access = base && catalogue.access(base, requester);
    return access?.canRead && access.canStart ? base : undefined;
  }

  /** What is wrong with its images stops a start, not an author: the image may be mended meanwhile. */
  async function imageWarnings(manifest: Manifest): Promise<Warning[]> {
    return (await plays.imageFindings(manifest)).map(finding => ({ ...finding }));
  }

  async function baseNames(requester: Requester): Promise<string[]> {
    return (await catalogue.list("base", requester)).map(base => base.name);
  }

  /** The suffix is added even when the name is free, so that names never have to be fought over. */
  async function insertUnderFreeName(name: string, rowOf: (name: string) => PlaygroundRow): Promise<PlaygroundRow> {
    for (let attempt = 0; attempt < nameAttempts; attempt++) {
      const row = rowOf(`${name}-${randomBytes(4).toString("hex")}`);
      if (!catalogue.isBuiltIn(row.name) && (await insertPlayground(database, row))) return row;
    }
    throw new Problem("server/conflict", { message: `No free name could be found for "${name}"` });
  }
}

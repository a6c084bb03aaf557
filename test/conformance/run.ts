import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { startRegistry } from "../fixtures/registry.ts";
import { startServer } from "../fixtures/server.ts";
import { askStage } from "./ask.ts";
import { pushDataImage } from "./data-image.ts";
import type { World } from "./row.ts";
import { stages } from "./stages.ts";
import { renderPage, renderText, type Section, summary } from "./table.ts";

/**
 * `npm run conformance [-- --json] [--only api|fields|tasks] [--no-write]`: asks running machines whether every field of a manifest
 * is true in them, prints the table and writes docs/conformance.md. Ends with 1 when a row fails.
 */
const { values: options } = parseArgs({
  options: { json: { type: "boolean" }, only: { type: "string" }, "no-write": { type: "boolean" } },
});

/** Small, so that requests above them are in the table too. */
const config = `
limits:
  machine: {vcpus: 2, memoryMiB: 1024}
  play: {vcpus: 6, memoryMiB: 2560}
  host: {memoryMiB: 4096}
log: {level: error}
`;

const startedAtMs = Date.now();
const sections: Section[] = [];
{
  await using registry = await startRegistry();
  await pushDataImage(registry);
  await using server = await startServer({ config });
  const asked = new AbortController();
  const world: World = { server, registry, signal: asked.signal, playId: "", plays: new Map() };
  for (const stage of stages) {
    if (options.only !== undefined && options.only !== (stage.play ?? "api")) continue;
    const beganAtMs = Date.now();
    const results = await askStage(stage, world);
    sections.push({ title: stage.title, results });
    if (!options.json) {
      process.stderr.write(`${stage.title}: ${results.length} rows in ${seconds(Date.now() - beganAtMs)}\n`);
    }
  }
  asked.abort();
}

const failed = sections.flatMap(({ results }) => results).filter(({ passed }) => !passed);
if (options.json) process.stdout.write(`${JSON.stringify(sections, null, 2)}\n`);
else process.stdout.write(`${renderText(sections)}in ${seconds(Date.now() - startedAtMs)}\n`);
if (!options["no-write"] && options.only === undefined) await writeResult();
process.exitCode = failed.length > 0 ? 1 : 0;

async function writeResult(): Promise<void> {
  await writeFile(new URL("../../docs/conformance.md", import.meta.url), renderPage(sections));
  const readme = new URL("../../README.md", import.meta.url);
  const text = await readFile(readme, "utf8");
  await writeFile(readme, text.replace(/\d+ of \d+ rows pass/, summary(sections)));
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

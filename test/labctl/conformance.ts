// npm run conformance:labctl: the acceptance sequence against a real server with a real machine, by the official client
// where it can be had (LABYARD_LABCTL names one that is there), and by ours of the same words in either case. Prints a
// row per step; exit code 1 on a failure.
import { startServer } from "../fixtures/server.ts";
import { type Labctl, realLabctl, typescriptLabctl } from "./labctl.ts";
import { findRealClient } from "./real-client.ts";
import { formatRow, runSequence } from "./run-sequence.ts";
import type { Row } from "./step.ts";
import { labctlVersion } from "./version.ts";
import { conformanceConfig, openWorld } from "./world.ts";

type Place = Parameters<typeof typescriptLabctl>[0];

const real = await findRealClient();
const clients: Array<(place: Place) => Labctl> = [];
if (typeof real === "string") console.log(`The official client ${labctlVersion} is not run: ${real}.`);
else clients.push(place => realLabctl(real, place));
clients.push(place => typescriptLabctl(place));

await using server = await startServer({ config: conformanceConfig });
const failed: Row[] = [];
for (const makeLabctl of clients) {
  await using world = await openWorld(server, makeLabctl);
  console.log(`\n=== ${world.labctl.name} against ${world.endpoint}`);
  const rows = await runSequence(world, row => console.log(formatRow(row)));
  const passed = rows.filter(row => row.outcome === "pass").length;
  console.log(`=== ${world.labctl.name}: ${passed} of ${rows.length} steps passed`);
  failed.push(...rows.filter(row => row.outcome === "fail"));
}
for (const { step } of failed) console.log(`failed: ${step.id} ${step.what}`);
process.exitCode = failed.length > 0 ? 1 : 0;

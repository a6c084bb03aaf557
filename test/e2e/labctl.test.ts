import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { patient } from "../fixtures/patience.ts";
import { type RealServer, startServer } from "../fixtures/server.ts";
import { realLabctl, typescriptLabctl } from "../labctl/labctl.ts";
import { findRealClient } from "../labctl/real-client.ts";
import { runStep } from "../labctl/run-sequence.ts";
import { sequence } from "../labctl/sequence.ts";
import type { World } from "../labctl/step.ts";
import { labctlVersion } from "../labctl/version.ts";
import { conformanceConfig, openWorld } from "../labctl/world.ts";

// The official client's acceptance sequence: by the real program where it can be had, and by ours of the same words.

const real = await findRealClient();
const realVersion = typeof real === "string" ? labctlVersion : real.version;

test(`the official client ${realVersion}`, { skip: typeof real === "string" ? real : false }, () => {
  // Its steps follow below.
});

for (const client of typeof real === "string" ? [undefined] : [real, undefined]) {
  const name = client === undefined ? "our client of the same words" : `the official client ${realVersion}`;
  describe(`conformance of ${name}`, { timeout: patient(900_000) }, () => {
    let server: RealServer;
    let world: World & AsyncDisposable;

    before(async () => {
      server = await startServer({ config: conformanceConfig });
      world = await openWorld(server, place =>
        client === undefined ? typescriptLabctl(place) : realLabctl(client, place),
      );
    });
    after(async () => {
      await world?.[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
    });

    for (const step of sequence) {
      test(`${step.id} ${step.what}: ${step.expected}`, async () => {
        const { outcome, found } = await runStep(step, world);
        assert.equal(outcome, "pass", found);
      });
    }
  });
}

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { formatImageSource, parseImageSource } from "../src/images/catalogue.ts";
import { readBuiltIn } from "../src/manifest/built-in.ts";

const playgrounds = join(import.meta.dirname, "../playgrounds");

test("every drive of the built-in playgrounds has an image of this host or of the public repository", () => {
  const found = new Map<string, string>();
  for (const file of readdirSync(playgrounds)) {
    const { manifest, findings } = readBuiltIn(readFileSync(join(playgrounds, file)));
    assert.deepEqual(findings, [], file);
    for (const machine of manifest?.playground.machines ?? []) {
      for (const { source } of machine.drives)
        if (source) found.set(source, formatImageSource(parseImageSource(source)));
    }
  }
  const repository = "oci://ghcr.io/iximiuz/labs/rootfs";
  assert.deepEqual(Object.fromEntries(found), {
    alpine: `${repository}:alpine`,
    debian: `${repository}:debian`,
    "debian-12": "debian-12",
    docker: `${repository}:ubuntu-docker`,
    "k3s-cplane": `${repository}:ubuntu-k3s-server`,
    "k3s-dev-machine": `${repository}:ubuntu-k3s-dev-machine`,
    "k3s-node": `${repository}:ubuntu-k3s-agent`,
    "ubuntu-24-04": `${repository}:ubuntu-24-04`,
  });
});

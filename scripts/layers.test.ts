import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { test } from "node:test";

const root = resolve(import.meta.dirname, "..", "src");
const siblings = ["images", "drives", "network", "vm", "provisioning", "access"];
const everywhere = ["lib", "host", "store"];

/** Which rooms a room may import; ARCHITECTURE.md draws the same picture. */
const allowed: Record<string, string[]> = {
  lib: [],
  host: ["lib"],
  store: ["lib", "host"],
  api: ["manifest"],
  manifest: ["lib"],
  plan: ["manifest", "lib"],
  ...Object.fromEntries(siblings.map(room => [room, ["plan", ...everywhere]])),
  // Build scripts become images: above them, and with nothing to do with plays.
  build: ["images", ...everywhere],
  playground: ["manifest", "plan", ...siblings, ...everywhere],
  server: ["manifest", "plan", "playground", "api", ...everywhere],
  cli: ["manifest", "plan", ...siblings, "playground", "server", "build", "api", ...everywhere],
  "main.ts": ["cli", ...everywhere],
  "runner.ts": ["playground", ...everywhere],
};

/** Values that every room may use: the problem catalogue, the shapes of a play's state and what may be done in each. */
const vocabulary = [
  /^api\/problems\.ts$/,
  /^api\/problems\//,
  /^api\/play-(state|actions)\.ts$/,
  /^api\/[a-z]+-protocol\.ts$/,
];

test("imports point one way", () => {
  const wrong: string[] = [];
  let seen = 0;
  for (const file of readdirSync(root, { recursive: true }) as string[]) {
    if (!file.endsWith(".ts")) continue;
    const from = file.split(sep)[0] as string;
    for (const [, target] of readFileSync(join(root, file), "utf8").matchAll(
      /(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g,
    )) {
      const to = relative(root, resolve(root, dirname(file), target as string));
      seen += 1;
      const room = to.split(sep)[0] as string;
      // What tests need besides the code they test is shared between unit and integration tests.
      if (file.endsWith(".test.ts") && to.startsWith(join("..", "test", "fixtures"))) continue;
      if (room === from || vocabulary.some(pattern => pattern.test(to))) continue;
      if (!allowed[from]?.includes(room)) wrong.push(`${file} imports ${to}`);
    }
  }
  assert.ok(seen > 10, "the test reads imports at all");
  assert.deepEqual(wrong, []);
});

test("what the browser loads imports no Node modules", () => {
  const wrong = (readdirSync(join(root, "api"), { recursive: true }) as string[]).filter(
    file =>
      file.endsWith(".ts") &&
      !file.endsWith(".test.ts") &&
      /from "node:/.test(readFileSync(join(root, "api", file), "utf8")),
  );
  assert.deepEqual(wrong, []);
});

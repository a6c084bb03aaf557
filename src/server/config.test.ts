import assert from "node:assert/strict";
import { test } from "node:test";
import { Problem } from "../api/problems.ts";
import { parseConfig } from "./config.ts";

test("an empty file means defaults", () => {
  const config = parseConfig("");
  assert.deepEqual(config.listen, { host: "127.0.0.1", port: 8765 });
  assert.equal(config.portsDomain, "localhost");
  assert.deepEqual(config.limits, {
    machine: { vcpus: 4, memoryMiB: 10240 },
    play: { vcpus: 10, memoryMiB: 16384 },
    user: { vcpus: 40, memoryMiB: 65536 },
    host: {},
  });
});

test("a part of a section keeps the defaults of the rest", () => {
  const config = parseConfig(
    "listen: {port: 9000}\npublicUrl: https://labs.example.com/\nlimits: {machine: {vcpus: 2}}\n",
  );
  assert.deepEqual(config.listen, { host: "127.0.0.1", port: 9000 });
  assert.equal(config.publicUrl, "https://labs.example.com");
  assert.deepEqual(config.limits.machine, { vcpus: 2, memoryMiB: 10240 });
});

test("all problems come at once, with their lines", () => {
  const source = "listen:\n  port: 99999\nportsDomain: 'Not A Domain'\nspeling: 1\n";
  assert.throws(
    () => parseConfig(source),
    (error: unknown) => {
      assert.ok(error instanceof Problem);
      assert.equal(error.code, "server/config-invalid");
      assert.match(error.message, /line 2, listen\.port: .*and 2 more/);
      const details = error.details as Array<{ path: string; line?: number; message: string }>;
      assert.deepEqual(
        details.map(detail => [detail.path, detail.line]),
        [
          ["listen.port", 2],
          ["portsDomain", 3],
          ["", 1],
        ],
      );
      assert.match(details[2]?.message ?? "", /speling/);
      return true;
    },
  );
});

test("bad YAML is told with its line", () => {
  assert.throws(() => parseConfig("listen: [1\n"), /config\.yaml: line \d/);
});

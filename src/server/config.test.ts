import assert from "node:assert/strict";
import { test } from "node:test";
import { longestPlayTimeMinutes } from "../api/contract/actions.ts";
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

test("every number has a bound, told with its place", () => {
  const tooMuch = {
    "listen.port": 65_536,
    "listen.tls.port": 65_536,
    "limits.machine.vcpus": 65_537,
    "limits.machine.memoryMiB": 16 * 1024 * 1024 + 1,
    "limits.play.vcpus": 65_537,
    "limits.play.memoryMiB": 16 * 1024 * 1024 + 1,
    "limits.user.vcpus": 65_537,
    "limits.user.memoryMiB": 16 * 1024 * 1024 + 1,
    "limits.host.memoryMiB": 16 * 1024 * 1024 + 1,
    "plays.maxPlayTimeMinutes": longestPlayTimeMinutes + 1,
    "plays.keepExpiredDays": 3651,
    "plays.maxActivePerUser": 1_000_001,
    "content.fileMiB": 10 * 1024 + 1,
    "content.playgroundMiB": 100 * 1024 + 1,
    "sessions.browserDays": 401,
    "sessions.clientDays": 3651,
    "sessions.loginCodeMinutes": 7 * 24 * 60 + 1,
    "images.cacheGiB": 1024 * 1024 + 1,
    "images.maxImageGiB": 1025,
    "rateLimits.perMinute": 1_000_001,
    "rateLimits.anonymousPerMinute": 1_000_001,
    "registry.maxGiB": 10 * 1024 + 1,
  };
  // None is left out: these are all the fields that hold numbers, beside those that have no default.
  const defaults = numbersOf(parseConfig("listen: {tls: {}}"));
  const withoutDefault = ["limits.host.memoryMiB", "images.cacheGiB", "images.maxImageGiB"];
  const told = [...defaults, ...withoutDefault].map(path => path.replace("registry.maxBytes", "registry.maxGiB"));
  assert.deepEqual(Object.keys(tooMuch).toSorted(), told.toSorted());
  for (const [path, value] of Object.entries(tooMuch)) {
    const source = (number: number) =>
      `${path.replaceAll(".", ": {")}: ${number}${"}".repeat(path.split(".").length - 1)}\n`;
    assert.throws(
      () => parseConfig(source(value)),
      (error: unknown) =>
        error instanceof Problem &&
        error.code === "server/config-invalid" &&
        error.message.startsWith(`config.yaml: line 1, ${path}: `),
      path,
    );
    parseConfig(source(value - 1));
  }
});

/** The paths of all fields that hold a number. */
function numbersOf(part: object, above = ""): string[] {
  return Object.entries(part).flatMap(([name, value]) => {
    if (typeof value === "number") return [`${above}${name}`];
    return typeof value === "object" && value !== null ? numbersOf(value, `${above}${name}.`) : [];
  });
}

test("bad YAML is told with its line", () => {
  assert.throws(() => parseConfig("listen: [1\n"), /config\.yaml: line \d/);
});

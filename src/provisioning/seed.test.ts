import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Problem } from "../api/problems.ts";
import { createPlan } from "../plan/create-plan.ts";
import { netLab, smallHost } from "../plan/fixtures.ts";
import type { PlayKeys } from "./keys.ts";
import { renderSeed, type SeedInput } from "./seed.ts";

const pair = (name: string) => ({
  privateKey: `-----BEGIN OPENSSH PRIVATE KEY-----\n${name}\n-----END OPENSSH PRIVATE KEY-----\n`,
  publicKey: `ssh-ed25519 ${name}`,
});
const machineKeys = (name: string) => ({ host: pair(`${name}-host`), channelHost: pair(`${name}-channel-host`) });
const keys: PlayKeys = {
  channel: pair("channel"),
  trust: pair("trust"),
  machines: { "web-01": machineKeys("web"), "db-01": machineKeys("db") },
};

describe("a seed", () => {
  test("of a machine with two networks, drives and conditions", t => {
    t.assert.snapshot(listing(renderSeed(seedInput("web-01"))), { serializers: [value => value] });
  });

  test("of a private machine whose welcome is deleted", t => {
    t.assert.snapshot(listing(renderSeed(seedInput("db-01"))), { serializers: [value => value] });
  });

  test("is the same for the same input", () => {
    assert.deepEqual(renderSeed(seedInput("web-01")), renderSeed(seedInput("web-01")));
  });

  test("changes its digest when anything that is applied changes", () => {
    const digest = (edit: (input: SeedInput) => void) => {
      const input = seedInput("web-01");
      edit(input);
      return /^seed\t(\w+)$/m.exec(fileIn(renderSeed(input), "labyard/seed/table"))?.[1];
    };
    const digests = [
      digest(() => {}),
      digest(input => (input.machine.nameservers = ["192.0.2.1"])),
      digest(input => (input.machine.users = [{ name: "laborant", welcome: "other" }])),
      digest(input => (input.plan.playId = "ffffffffffffffffffffffff")),
      digest(input => (input.authority = { ...input.authority, certificatePem: "other" })),
      digest(input => (input.plan.registry.names = ["registry.example.test"])),
      digest(input => (input.keys = { ...keys, trust: pair("other") })),
    ];
    assert.equal(new Set(digests).size, digests.length);
  });

  test("gives equal startup files different digests, so that both are applied", () => {
    const input = seedInput("web-01");
    const entry = { path: "/etc/list", content: "x\n", append: true };
    input.machine.startupFiles = [entry, entry, { ...entry, mode: "600" }];
    const rows = fileIn(renderSeed(input), "labyard/seed/table").match(/^startup\t.*$/gm) ?? [];
    assert.equal(new Set(rows.map(row => row.split("\t")[2])).size, 3);
  });

  test("refuses what a table cannot hold", () => {
    for (const path of ["/etc/a\tb", "/etc/a\nroot\t/dev/vdx", "/etc/\u0000", ""]) {
      const input = seedInput("web-01");
      input.machine.startupFiles = [{ path, content: "", append: false }];
      assert.throws(
        () => renderSeed(input),
        (error: unknown) => error instanceof Problem && error.code === "provisioning/seed-path",
        JSON.stringify(path),
      );
    }
  });

  test("tells the shim where modules are, when the root needs one, and mounts what shares a UUID", () => {
    const input = seedInput("web-01");
    const [first] = input.machine.drives;
    assert.ok(first);
    const image = { ...first, source: "debian-12", filesystem: "xfs" as const };
    input.machine.drives = [
      { ...image, device: "vda", mount: "/" },
      { ...image, device: "vdb", mount: "/data" },
    ];
    const seed = renderSeed(input);
    assert.match(fileIn(seed, "labyard/machine"), /^root\t\/dev\/vda\txfs\nmodules\t\/dev\/vdd\text4$/m);
    assert.match(fileIn(seed, "labyard/seed/blocks/fstab"), /^\/dev\/vdb\t\/data\txfs\tdefaults,nofail,nouuid\t/m);
    input.machine.drives = [{ ...image, device: "vda", mount: "/", filesystem: "ext3" }];
    assert.doesNotMatch(fileIn(renderSeed(input), "labyard/machine"), /^modules/m);
  });

  test("needs the UUID of every mounted drive", () => {
    assert.throws(() => renderSeed({ ...seedInput("web-01"), driveUuids: {} }), /vda has no known UUID/);
  });
});

function seedInput(name: string): SeedInput {
  const playId = "0123456789abcdef01234567";
  const initConditions = { "Database engine": "pg" };
  const plan = structuredClone(createPlan({ playId, manifest: netLab, initConditions, host: smallHost }));
  const machine = plan.machines.find(candidate => candidate.name === name);
  assert.ok(machine);
  return {
    plan,
    machine,
    keys,
    authority: {
      certificatePem: "-----BEGIN CERTIFICATE-----\nauthority\n-----END CERTIFICATE-----\n",
      subjectHash: "0123abcd",
    },
    driveUuids: { vda: "00000000-0000-4000-8000-00000000000a" },
    modulesDrive: { device: "vdd", filesystem: "ext4" },
  };
}

/** Paths, modes and texts, as somebody would read them after unpacking. */
function listing(archive: Buffer): string {
  return entriesOf(archive)
    .map(({ path, mode, content }) => {
      const title = `==> ${mode.toString(8)} ${path}`;
      if (content.length === 0) return title;
      const text = path.endsWith(".cpio") ? listing(content).replaceAll(/^/gm, "    ") : content.toString();
      return `${title}\n${text}`;
    })
    .join("\n");
}

function fileIn(archive: Buffer, path: string): string {
  return (
    entriesOf(archive)
      .find(entry => entry.path === path)
      ?.content.toString() ?? ""
  );
}

/** Reads newc: 110 bytes of header in hex, name and content each padded to 4. */
function entriesOf(archive: Buffer) {
  const entries: Array<{ path: string; mode: number; content: Buffer }> = [];
  for (let at = 0; ; ) {
    const field = (index: number) =>
      Number.parseInt(archive.toString("latin1", at + 6 + 8 * index, at + 14 + 8 * index), 16);
    const [mode, size, nameSize] = [field(1), field(6), field(11)];
    const path = archive.toString("utf8", at + 110, at + 110 + nameSize - 1);
    if (path === "TRAILER!!!") return entries;
    const start = pad(at + 110 + nameSize);
    entries.push({ path, mode, content: archive.subarray(start, start + size) });
    at = pad(start + size);
  }
}

const pad = (offset: number) => Math.ceil(offset / 4) * 4;

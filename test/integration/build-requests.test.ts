import assert from "node:assert/strict";
import { copyFile, mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { before, describe, test } from "node:test";
import { type RunBuildOptions, runBuild } from "../../src/build/run-build.ts";
import type { BuildFilesystemRequest } from "../../src/images/filesystem-builder.ts";
import { type FakeEngine, type FakeEngineOptions, startFakeEngine } from "../fixtures/fake-engine.ts";
import { packageDirectory } from "../fixtures/package-directory.ts";

/** What a build asks its engine, and when: an engine that only pretends keeps the requests. */

const mebibyte = 2 ** 20;
const digest = `sha256:${"a".repeat(64)}`;
const known = { Id: "i", Os: "linux", Architecture: "arm64", Variant: "v8", Created: "2021-01-01T00:00:00Z" };
const at = packageDirectory("once");

async function build(
  fake: FakeEngine,
  script: string,
  more: Pick<RunBuildOptions, "freeBytes" | "buildFilesystem"> = {},
): Promise<void> {
  await writeFile(
    at("build.toml"),
    script.replace("[container]", `[container]\nconnection_uri = "unix://${fake.socket}"`),
  );
  await runBuild({
    ...{ packagePath: at(), output: at("out.img"), paths: { home: at("home"), runtime: at("run") } },
    ...{ env: process.env, uid: 0, allowHostVolumes: false, signal: new AbortController().signal },
    onEvent: () => undefined,
    ...more,
  });
}

const startFake = (options: Omit<FakeEngineOptions, "socket">) =>
  startFakeEngine({ socket: at("engine.sock"), ...options });
const callsOf = ({ calls }: FakeEngine, what: string) => calls.filter(call => call.what === what);
const callOf = (fake: FakeEngine, what: string) => {
  const [call, ...others] = callsOf(fake, what);
  assert.ok(call !== undefined && others.length === 0, what);
  return call;
};
const names = ({ calls }: FakeEngine) =>
  calls.map(call => call.what.replace(/\/images\/.*\/json/, "/images/NAME/json"));

const everyKey = (engine: "Docker" | "Podman") => `version = 2
[filesystem]
size_mib = 16
[container]
engine = "${engine}"
image = { name = "example.com/lab", digest = "${digest}", platform = "linux/arm64/v8" }
pull = "always"
rootful = true
wait_timeout_s = 7
hostname = "builder"
oci_runtime = "crun"
timeout = 90
cap_add = ["NET_ADMIN", "SYS_TIME"]
cap_drop = ["MKNOD"]
env = { OUTER = "o", __proto__ = "p" }
volumes = { "/data" = "/mnt/data:ro" }
[[commands]]
command = "first  command"
privileged = true
uid = 5
gid = 6
working_dir = "/w"
env = { INNER = "i" }
[[commands]]
command = "a | b"
shell = true
user = "user:group"
[[commands]]
script_inline = "#!/bin/sh"
[[overlays]]
source_inline = "x"
destination = "/etc/resolv.conf"
mounted = true
`;

/** The script above as each engine has to hear it. */
const create = {
  Docker: (mounts: string[]) => ({
    ...{ Image: `example.com/lab@${digest}`, Cmd: [], User: "0:0", WorkingDir: "/", Tty: false },
    ...{ Env: ["OUTER=o", "__proto__=p"], Hostname: "builder", Healthcheck: { Test: ["NONE"] } },
    HostConfig: {
      ...{
        Privileged: true,
        CapAdd: ["NET_ADMIN", "SYS_TIME"],
        CapDrop: ["MKNOD"],
        Runtime: "crun",
        AutoRemove: false,
      },
      Mounts: [
        { Type: "bind", Source: mounts[0], Target: "/__scripts", ReadOnly: true },
        { Type: "bind", Source: mounts[1], Target: "/etc/resolv.conf", ReadOnly: false },
        { Type: "bind", Source: mounts[2], Target: "/mnt/data", ReadOnly: true },
      ],
    },
  }),
  Podman: (mounts: string[]) => ({
    ...{ image: `example.com/lab@${digest}`, command: [], user: "0:0", work_dir: "/", terminal: false },
    ...{ env: { OUTER: "o", ["__proto__"]: "p" }, hostname: "builder", timeout: 90, healthconfig: { Test: ["NONE"] } },
    ...{
      privileged: true,
      cap_add: ["NET_ADMIN", "SYS_TIME"],
      cap_drop: ["MKNOD"],
      oci_runtime: "crun",
      remove: false,
    },
    mounts: [
      { type: "bind", source: mounts[0], destination: "/__scripts", options: ["rbind", "ro"] },
      { type: "bind", source: mounts[1], destination: "/etc/resolv.conf", options: ["rbind", "rw"] },
      { type: "bind", source: mounts[2], destination: "/mnt/data", options: ["rbind", "ro"] },
    ],
  }),
};
const queries = {
  Docker: {
    pull: { fromImage: `example.com/lab@${digest}`, platform: "linux/arm64/v8" },
    create: { platform: "linux/arm64/v8" },
    stop: { t: "7" },
  },
  Podman: {
    pull: { reference: `example.com/lab@${digest}`, policy: "always", OS: "linux", Arch: "arm64", Variant: "v8" },
    create: {},
    stop: { timeout: "7" },
  },
};

for (const name of ["Docker", "Podman"] as const) {
  describe(`what ${name} is asked`, () => {
    test("every key of a script arrives", async () => {
      await writeFile(at("data"), "volume");
      await using fake = await startFake({ image: known });
      await build(fake, everyKey(name));
      const pull = name === "Docker" ? "POST /images/create" : "POST /images/pull";
      const exec = ["POST /containers/c/exec", "POST /exec/e/start", "GET /exec/e/json"];
      assert.deepEqual(names(fake), [
        "GET /version",
        "GET /containers/json",
        pull,
        "GET /images/NAME/json",
        "POST /containers/create",
        "POST /containers/c/start",
        ...[...exec, ...exec, ...exec],
        "POST /containers/c/stop",
        "GET /containers/c/export",
        "DELETE /containers/c",
      ]);
      assert.deepEqual(callOf(fake, pull).query, queries[name].pull);
      const created = callOf(fake, "POST /containers/create");
      assert.deepEqual(created.query, queries[name].create);
      const { Entrypoint, entrypoint, Labels, labels, ...rest } = created.body as Record<string, string[]>;
      assert.match(String((Entrypoint ?? entrypoint)?.[0]), /^\/__scripts\/.*busybox$/);
      assert.deepEqual(Object.keys(Labels ?? labels ?? {}), ["labyard.home", "labyard.build"]);
      const { HostConfig, mounts } = created.body as {
        HostConfig?: { Mounts: Array<{ Source: string }> };
        mounts?: Array<{ source: string }>;
      };
      const sources = mounts?.map(mount => mount.source) ?? HostConfig?.Mounts.map(mount => mount.Source) ?? [];
      for (const source of sources) assert.ok(source.startsWith(at("home/builds/")), source);
      assert.deepEqual(rest, create[name](sources));
      const streams = { AttachStdout: true, AttachStderr: true, AttachStdin: false, Tty: false };
      assert.deepEqual(
        callsOf(fake, "POST /containers/c/exec").map(call => call.body),
        [
          {
            ...streams,
            ...{ Cmd: ["first", "command"], Env: ["INNER=i"], Privileged: true, User: "5:6", WorkingDir: "/w" },
          },
          { ...streams, Cmd: ["/bin/sh", "-c", "a | b"], Env: [], Privileged: false, User: "user:group" },
          { ...streams, Cmd: ["/__scripts/2/script"], Env: [], Privileged: false },
        ],
      );
      assert.deepEqual(callOf(fake, "POST /containers/c/stop").query, queries[name].stop);
    });

    test("a script that says little asks for little", async () => {
      await using fake = await startFake({ image: known });
      await build(
        fake,
        `[filesystem]\nsize_mib = 16\n[container]\nengine = "${name}"\nimage = { name = "lab", tag = "1" }\n`,
      );
      // The engine has the image, so it is not pulled.
      assert.ok(!names(fake).some(call => /images\/(create|pull)/.test(call)));
      const [found] = fake.calls.filter(call => call.what.startsWith("GET /images/"));
      assert.equal(found?.what, "GET /images/lab%3A1/json");
      const created = callOf(fake, "POST /containers/create");
      assert.deepEqual(created.query, {});
      const { HostConfig: host, ...own } = created.body as Record<string, Record<string, unknown>>;
      const body = { ...own, ...host } as Record<string, unknown>;
      assert.equal(body.Image ?? body.image, "lab:1");
      assert.equal(body.Privileged ?? body.privileged, false);
      assert.deepEqual(body.CapAdd ?? body.cap_add, []);
      assert.deepEqual(body.CapDrop ?? body.cap_drop, []);
      for (const key of ["Hostname", "hostname", "Runtime", "oci_runtime", "timeout"]) assert.ok(!(key in body), key);
    });
  });
}

describe("room on the disk", () => {
  const plain = `[filesystem]
size_mib = 64
[container]
image = { name = "lab", tag = "1" }
[[overlays]]
source = "/large"
destination = "/large"
[export.files]
include = ["/etc/file"]
`;
  before(async () => {
    await writeFile(at("large"), Buffer.alloc(20 * mebibyte, "x"));
    await mkdir(at("home"), { recursive: true });
  });
  /** So many MiB free where the output goes, and where the build works. */
  const free = (outputMiB: number, workMiB: number) => ({
    freeBytes: async (asked: string) => (asked === at() ? outputMiB : workMiB) * mebibyte,
  });
  const isFull = (message: RegExp) => ({ code: "host/disk-full", message });
  const leftovers = async () => (await readdir(at())).filter(name => name.startsWith("out.img"));

  test("what the package brings is checked before the engine is asked at all", async () => {
    await using fake = await startFake({ image: undefined, pulled: known });
    await assert.rejects(build(fake, plain, free(27, 1000)), isFull(/has 27 MiB free, but the output needs 28 MiB/));
    await assert.rejects(build(fake, plain, free(1000, 7)), isFull(/home\/builds\/.* has 7 MiB free/));
    const mounted = plain.replace('destination = "/large"', 'destination = "/large"\nmounted = true');
    await assert.rejects(build(fake, mounted, free(1000, 27)), isFull(/but the build needs 28 MiB/));
    assert.deepEqual(fake.calls, []);
    await build(fake, plain, free(1000, 8));
    assert.ok(names(fake).includes("POST /images/create"));
    await rm(at("out.img"));
  });

  test("the container is checked before it is started, by the size of its image", async () => {
    await using fake = await startFake({ image: { ...known, Size: 300 * mebibyte } });
    await assert.rejects(build(fake, plain, free(1000, 299)), isFull(/but the exported container needs 300 MiB/));
    assert.ok(!names(fake).includes("POST /containers/create"));
    await build(fake, plain, free(1000, 300));
    await rm(at("out.img"));
  });

  test("the output is checked by its content, before it is begun", async () => {
    await using fake = await startFake({ image: known, content: Buffer.alloc(30 * mebibyte, "y") });
    await assert.rejects(build(fake, plain, free(50, 1000)), isFull(/has 50 MiB free, but the output needs 51 MiB/));
    assert.ok(names(fake).includes("DELETE /containers/c"));
    assert.deepEqual(await leftovers(), []);
    await build(fake, plain, free(51, 1000));
    assert.equal((await stat(at("out.img"))).size, 64 * mebibyte);
    await rm(at("out.img"));
    // It becomes a twentieth at the least.
    const squash = plain.replace("[filesystem]", '[filesystem]\ntype = "Squashfs"');
    await build(fake, squash, free(10, 1000));
    await rm(at("out.img"));
  });
});

test("an Xfs and a Btrfs are ordered with what the script says of them", async () => {
  await using fake = await startFake({ image: known });
  const uuid = "00112233-4455-6677-8899-aabbccddeeff";
  const cases = [
    ["Xfs", `["-f", "-L", "lab", "-m", "reflink=0,uuid=${uuid}"]`, ["-L", "lab", "-m", "reflink=0"]],
    ["Btrfs", `["--label=lab", "-U", "${uuid}", "-n", "16k"]`, ["-L", "lab", "-n", "16k"]],
  ] as const;
  for (const [type, mkfs, mkfsArguments] of cases) {
    const orders: BuildFilesystemRequest[] = [];
    const buildFilesystem = async (order: BuildFilesystemRequest) => {
      orders.push(order);
      await copyFile(order.source, order.target);
    };
    const script = `[filesystem]\ntype = "${type}"\nsize_mib = 400\nmkfs_args = ${mkfs}\n[container]\nimage = { name = "lab", tag = "1" }\n`;
    await build(fake, script, { buildFilesystem });
    const [{ target, source, onProgress: _, signal: __, ...order }] = orders as [BuildFilesystemRequest];
    const filesystem = type.toLowerCase();
    assert.deepEqual(order, { filesystem, sizeBytes: 400 * mebibyte, uuid, mkfsArguments, keepLostAndFound: false });
    assert.ok(source.startsWith(target) && target.startsWith(`${at("out.img")}.`));
    assert.deepEqual(
      (await readdir(at())).filter(name => name.startsWith("out.img")),
      ["out.img"],
    );
    await rm(at("out.img"));
  }
});

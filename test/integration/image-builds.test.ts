import assert from "node:assert/strict";
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execPath } from "node:process";
import { Writable } from "node:stream";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { createProgram } from "../../src/cli/program.ts";
import { reportFailure } from "../../src/cli/report.ts";
import { run } from "../../src/host/process.ts";
import { buildImage } from "../../src/images/dockerfile/build-image.ts";
import { registryAccess } from "../../src/images/registry/access.ts";
import { parseReference } from "../../src/images/registry/reference.ts";
import { engineStorageDirectory, imageRecordsDirectory, imageWorkDirectory } from "../../src/store/paths.ts";
import { debugfs, type Listing, listImage } from "../fixtures/ext4-reader.ts";
import { type ImageHome, imageHome } from "../fixtures/image-home.ts";
import { patient } from "../fixtures/patience.ts";
import { importSmallImage, type PodmanService, startPodman } from "../fixtures/podman-service.ts";
import { startRegistry, type TestRegistry } from "../fixtures/registry.ts";

/** Dockerfiles built by real engines. Docker's client speaks to Podman's service, which imitates Docker's daemon. */

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const hasDocker = await run(["docker", "--version"]).then(
  () => true,
  () => false,
);
const opened = new AsyncDisposableStack();
let registry: TestRegistry;
let service: PodmanService;
let home: ImageHome;
let work: string;
before(
  async () => {
    registry = opened.use(await startRegistry());
    service = opened.use(await startPodman({ plainRegistries: [registry.host], storageDriver: "vfs" }));
    home = opened.use(await imageHome());
    work = await mkdtemp(join(tmpdir(), "labyard-dockerfile-"));
    opened.defer(() => rm(work, { recursive: true, force: true }));
    const base = `${registry.host}/lab/base:1`;
    await importSmallImage(service, base);
    await service.podman("push", "--quiet", base);
    await service.podman("rmi", base);
    const files = {
      "context/Dockerfile": dockerfile(
        "COPY . /context",
        'SHELL ["/bin/env", "SHELL_OF_FILE=yes", "/bin/sh", "-ec"]',
        "ARG WORD=none",
        "RUN echo building with $WORD",
        "RUN mkdir -m 1777 /made; echo $WORD $SHELL_OF_FILE >/made/word; ln /made/word /made/same; \\",
        "    chown 7:8 /made/word; chmod 4750 /made/word; rm /etc/group",
      ),
      "context/Failing": dockerfile("RUN echo before; echo oops >&2; exit 3"),
      "context/.dockerignore": "secret\nFailing\nDockerfile\n",
      "context/secret": "no",
      "context/hello": "hi\n",
    };
    await mkdir(join(work, "context"));
    for (const [name, content] of Object.entries(files)) await writeFile(join(work, name), content);
  },
  { timeout: patient(60_000) },
);
after(() => opened.disposeAsync());

const dockerfile = (...steps: string[]) => `${[`FROM ${registry.host}/lab/base:1`, ...steps].join("\n")}\n`;

const labyard = (...args: string[]) =>
  run([execPath, main, "image", ...args], {
    env: { ...service.env, LABYARD_HOME: home.paths.home },
    cwd: work,
    allowFailure: true,
    timeoutMs: patient(60_000),
  });

/** What a terminal shows of a build that fails. */
async function onTerminal(...args: string[]): Promise<string> {
  let shown = "";
  const write = (text: string) => (shown += text) !== "";
  const stderr = Object.assign(new Writable(), { isTTY: true, columns: 80, write }) as unknown as NodeJS.WriteStream;
  const { stdin, stdout } = process;
  const signal = AbortSignal.timeout(patient(60_000));
  const context = { programName: "labyard", env: service.env, paths: home.paths, exitCode: 0, stdin, stdout, stderr };
  const program = await createProgram({ ...context, signal }, "image");
  await program.parseAsync(["node", "labyard", "image", "build", ...args]).then(
    () => assert.fail(`it worked: ${shown}`),
    error => reportFailure(error, { ...context, signal }),
  );
  return stripVTControlCharacters(shown);
}

/** What a drive made of this image holds. */
async function treeOf(source: string): Promise<Listing> {
  const disk = await labyard("disk", source, "-o", "tree.img", "--size", "64MiB");
  assert.equal(disk.exitCode, 0, disk.stderr);
  return listImage(join(work, "tree.img"));
}

const names = async () => (await readdir(imageRecordsDirectory(home.paths)).catch(() => [])).length;

for (const engine of ["buildah", "podman", "docker"] as const) {
  const skip = engine === "docker" && !hasDocker ? "Docker's client is not installed" : false;
  describe(`a Dockerfile built by ${engine}`, { skip }, () => {
    // Nothing listens there: what is built stays on this host.
    const reference = `127.0.0.1:1/lab/${engine}:v1`;
    const build = (...args: string[]) => labyard("build", "context", "-t", reference, "--engine", engine, ...args);

    test("a step that fails ends it with the step's output, and the name means nothing yet", async () => {
      const known = await names();
      const failed = await build("--file", "context/Failing");
      assert.equal(failed.exitCode, 1);
      assert.match(failed.stderr, new RegExp(`context could not be built: ${engine} ended with \\d+`));
      // Once while it runs, and once among the last lines that it said.
      assert.equal(failed.stderr.split(/^ *oops$/m).length, 3, failed.stderr);
      const seen = await onTerminal(join(work, "context"), "-t", reference, "--engine", engine, "-f", "Failing");
      assert.equal(seen.split(/^ *oops$/m).length, 2, "on a terminal it stands right above the failure");
      assert.match(seen, new RegExp(`context could not be built: ${engine} ended with \\d+\n$`));
      assert.equal(await names(), known);
    });

    test("its result enters the cache with everything that its steps made", async () => {
      const built = await build("--build-arg", `WORD=${engine}`);
      assert.equal(built.exitCode, 0, built.stderr);
      assert.match(built.stdout, new RegExp(`^sha256:[0-9a-f]{64}  \\d.*oci://${reference}\n$`));
      assert.match(built.stderr, /^STEP 1\/6: FROM/m);
      assert.match(built.stderr, new RegExp(`^building with ${engine}$`, "m"));
      const tree = await treeOf(`oci://${reference}`);
      const paths = [...tree.keys()].filter(path => /^\/(context|made)|\/group$/.test(path));
      assert.deepEqual(paths.toSorted(), [
        ...["/context", "/context/.dockerignore", "/context/hello", "/made", "/made/same", "/made/word"],
      ]);
      const disk = join(work, "tree.img");
      const [content, word, made, ping] = await debugfs(disk, [
        ...["cat /made/word", "stat /made/same", "stat /made", "ea_list /bin/ping"],
      ]);
      assert.equal(content, `${engine} yes\n`);
      assert.match(word ?? "", /Mode: +04750[\s\S]*User: +7 +Group: +8[\s\S]*Links: 2/);
      assert.match(made ?? "", /Mode: +01777/);
      assert.match(ping ?? "", /security\.capability/);
      assert.deepEqual(await readdir(imageWorkDirectory(home.paths)), []);
    });

    test("it is sent to its registry, with the reference that it has here", async () => {
      const pushed = `${registry.host}/lab/${engine}:v1`;
      const sent = await labyard("build", "context", "-t", pushed, "--engine", engine, "--push");
      assert.equal(sent.exitCode, 0, sent.stderr);
      // Through the registry the layers come back packed, as another manifest of the same content.
      const there = await run(["skopeo", "inspect", "--tls-verify=false", "--config", `docker://${pushed}`]);
      const config = JSON.parse(there.stdout) as { rootfs: { diff_ids: string[] } };
      const here = JSON.parse((await labyard("inspect", pushed, "--json")).stdout) as {
        layers: Array<{ diffId: string }>;
      };
      assert.deepEqual(
        here.layers.map(layer => layer.diffId),
        config.rootfs.diff_ids,
      );
      assert.equal((await labyard("pull", "-q", pushed)).exitCode, 0);
    });
  });
}

test("an image of an engine is the same tree through each of them", async () => {
  const image = "127.0.0.1:1/lab/podman:v1";
  const expected = await treeOf(`oci://${image}`);
  assert.ok(expected.size > 20);
  // Docker's own interface needs none of its programs.
  for (const source of [`podman://${image}`, `buildah://${image}`, `docker://${image}`, "podman://lab/podman:v1"]) {
    const pulled = await labyard("pull", source);
    assert.match(pulled.stdout, /^sha256:[0-9a-f]{64} /, pulled.stderr);
    assert.deepEqual(await treeOf(source), expected);
  }
  for (const engine of ["podman", "buildah", "docker"]) {
    const missing = await labyard("pull", `${engine}://lab/none:1`);
    assert.match(missing.stderr, /give out the image lab\/none:1.*\nList its images with/);
    assert.doesNotMatch(missing.stderr, /exit code|command/);
  }
});

test("what cannot be built is said before an engine is asked", async () => {
  const cases: Array<[args: string[], message: RegExp]> = [
    [["none"], /none does not exist/],
    [["context/hello"], /context\/hello is not a directory/],
    [["."], /no Dockerfile \(looked at .*\/Dockerfile, .*\/Containerfile\)/],
    [["context", "-f", "none"], /no Dockerfile \(looked at .*\/none, .*\/context\/none\)/],
    [["context", "-t", "a b"], /"a b" has an impossible repository name/],
    [["context", "-t", "lab"], /"lab" is the name of an image/],
    [["context", "--build-arg", "=x"], /Write NAME=VALUE/],
  ];
  for (const [args, message] of cases) {
    const failed = await labyard("build", "-t", "127.0.0.1:1/lab/none:v1", ...args);
    assert.equal(failed.exitCode, 1);
    assert.match(failed.stderr, message);
    assert.doesNotMatch(failed.stderr, /STEP|building/);
  }
  const environment = { LABYARD_HOME: home.paths.home, PATH: work };
  const none = await run([execPath, main, "image", "build", "context", "-t", "me/lab"], {
    ...{ env: environment, cwd: work, allowFailure: true },
  });
  assert.match(none.stderr, /none of them works here\n(.*"(buildah|podman|docker)" is not installed.*\n){3}/);
});

test("a push that is refused leaves the name as it was", async () => {
  await using guarded = await startRegistry({ basicAuth: true });
  const reference = `${guarded.host}/lab/refused:v1`;
  const known = await names();
  const failed = await labyard("build", "context", "-t", reference, "--push");
  assert.equal(failed.exitCode, 1);
  assert.match(failed.stderr, /lab\/refused:v1 could not be pushed: buildah ended with \d/);
  assert.equal(await names(), known);
});

test("a build that is interrupted ends its programs and leaves neither a name nor copies of its files", async () => {
  await using own = await imageHome();
  const { paths } = own;
  const context = join(paths.home, "context");
  await mkdir(context);
  await copyFile("/bin/busybox", join(context, "busybox"));
  // A duration that nobody else sleeps tells this program from all others.
  const seconds = `61.${process.pid}`;
  const steps = ["FROM scratch", "COPY busybox /busybox", `RUN ["/busybox", "sleep", "${seconds}"]`];
  await writeFile(join(context, "Dockerfile"), steps.join("\n"));
  const isAsleep = async () => (await run(["pgrep", "-f", `sleep ${seconds}`], { allowFailure: true })).exitCode === 0;
  const until = async (wanted: boolean) => {
    const deadline = Date.now() + patient(30_000);
    while ((await isAsleep()) !== wanted) {
      assert.ok(Date.now() < deadline, `the step ${wanted ? "does not begin" : "goes on"}`);
      await delay(100);
    }
  };
  const abort = new AbortController();
  const building = buildImage({
    paths,
    directory: context,
    reference: parseReference("oci://127.0.0.1:5000/lab/never:v1"),
    buildArguments: [],
    engine: "buildah",
    push: false,
    registries: registryAccess({}, {}),
    env: process.env,
    onLine: () => undefined,
    signal: abort.signal,
  });
  const ended = assert.rejects(building, /interrupted by hand/);
  await Promise.race([until(true), ended]);
  abort.abort(new Error("interrupted by hand"));
  await ended;
  await until(false);
  assert.deepEqual(await readdir(imageWorkDirectory(paths)), []);
  assert.deepEqual(await readdir(imageRecordsDirectory(paths)).catch(() => []), []);
  const storage = engineStorageDirectory(paths);
  const of = ["--storage-driver=vfs", `--root=${join(storage, "root")}`, `--runroot=${join(storage, "run")}`];
  assert.equal((await run(["buildah", ...of, "containers", "--quiet"])).stdout, "");
});

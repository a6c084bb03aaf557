import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import type { Problem, ProblemCode } from "../../src/api/problems.ts";
import { run } from "../../src/host/process.ts";
import type { BaseDrive } from "../../src/images/base-drive.ts";
import { pruneCache } from "../../src/images/cache/prune.ts";
import { digestOf } from "../../src/images/digest.ts";
import { ensureBaseDrive, type EnsureBaseDriveOptions, lookupBaseDrive } from "../../src/images/ensure-base-drive.ts";
import type { BuildFilesystem } from "../../src/images/filesystem-builder.ts";
import { anonymousAccess, type RegistryAccess } from "../../src/images/registry/access.ts";
import type { ImageProgress } from "../../src/images/progress.ts";
import type { Manifest } from "../../src/manifest/schema.ts";
import { knownImageFindings } from "../../src/playground/known-image-findings.ts";
import {
  baseDrivesDirectory,
  blobsDirectory,
  imageRecordsDirectory,
  imageVerdictsDirectory,
  partialBlobsDirectory,
  type Paths,
} from "../../src/store/paths.ts";
import { type Fault, startFaultyProxy } from "../fixtures/faulty-proxy.ts";
import { bootableMembers, buildImage } from "../fixtures/oci-image.ts";
import { basicCredentials, startRegistry, type TestRegistry } from "../fixtures/registry.ts";
import type { TarMember } from "../fixtures/tar-archive.ts";

const mebibyte = 1024 ** 2;
const payload = randomBytes(3 * mebibyte);
/** Three layers: a system, a change to it, and a large file. */
const layers: TarMember[][] = [
  [
    ...bootableMembers(),
    { name: "etc/motd", content: "old\n" },
    { name: "etc/removed", content: "gone soon\n" },
    { name: "usr/bin/sudo", content: "x", mode: 0o4755 },
    { name: "home/laborant/", mode: 0o700, uid: 1001, gid: 1001 },
  ],
  [
    { name: "etc/.wh.removed" },
    { name: "etc/motd", content: "new\n", uid: 7, gid: 8, pax: [["SCHILY.xattr.user.note", "hi"]] },
    { name: "etc/issue", type: "1", linkName: "etc/motd" },
  ],
  [{ name: "home/laborant/payload", content: payload, uid: 1001, gid: 1001 }],
];

let registry: TestRegistry;
before(async () => {
  registry = await startRegistry();
  await registry.push("lab/root", "v1", buildImage(layers));
});
after(() => registry[Symbol.asyncDispose]());

/** A Labyard home of its own and the request most tests make. */
async function scratch(source: string): Promise<{ paths: Paths; request: EnsureBaseDriveOptions } & AsyncDisposable> {
  const home = await mkdtemp(join(tmpdir(), "labyard-images-"));
  const paths = { home, runtime: home };
  return {
    paths,
    request: { paths, source, sizeBytes: 256 * mebibyte, sizeIsExplicit: true, filesystem: "ext4", purpose: "root" },
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}

async function fails(request: EnsureBaseDriveOptions, code: ProblemCode, message: RegExp): Promise<Problem> {
  const problem = await ensureBaseDrive(request).then(
    drive => assert.fail(`${drive.path} was made`),
    (error: Problem) => error,
  );
  assert.equal(problem.code, code, problem.stack);
  assert.match(problem.message, message);
  await assertNothingHalf(request.paths);
  assert.deepEqual(await readdir(baseDrivesDirectory(request.paths)).catch(() => []), []);
  return problem;
}

/** Every stored blob has the digest it is named by, and no unfinished work is lying around. */
async function assertNothingHalf(paths: Paths): Promise<void> {
  for (const name of await readdir(blobsDirectory(paths)).catch((): string[] => [])) {
    assert.equal(digestOf(await readFile(join(blobsDirectory(paths), name))), `sha256:${name}`);
  }
  assert.deepEqual(await readdir(partialBlobsDirectory(paths)).catch(() => []), []);
}

async function debugfs(drive: BaseDrive, command: string): Promise<string> {
  const { stdout } = await run(["debugfs", "-R", command, drive.path], {
    env: { ...process.env, DEBUGFS_PAGER: "cat" },
  });
  return stdout;
}

const accessWith = (credentialsFor: RegistryAccess["credentialsFor"]): RegistryAccess => ({
  ...anonymousAccess(),
  credentialsFor,
});

const isBlob = (path: string) => path.includes("/blobs/");
const layerDigests = buildImage(layers).layers.map(layer => layer.digest);
const isLayer = (path: string) => layerDigests.some(digest => path.includes(digest));

describe("a registry without credentials", () => {
  test("an image becomes a drive with every byte, owner, mode, link and attribute; the second time from the cache", async () => {
    await using here = await scratch(`oci://${registry.host}/lab/root:v1`);
    const seen: ImageProgress[] = [];
    assert.equal(await lookupBaseDrive(here.request), undefined);
    const drive = await ensureBaseDrive({ ...here.request, onProgress: progress => seen.push(progress) });
    await run(["e2fsck", "-fn", drive.path]);
    assert.equal(await debugfs(drive, "cat /etc/motd"), "new\n");
    assert.match(await debugfs(drive, "stat /etc/issue"), /Links: 2[\s\S]*user\.note/);
    assert.match(await debugfs(drive, "stat /etc/motd"), /User:\s+7\s+Group:\s+8/);
    assert.match(await debugfs(drive, "stat /usr/bin/sudo"), /Mode:\s+04755/);
    assert.doesNotMatch(await debugfs(drive, "ls -l /etc"), /removed|\.wh\./);
    const copied = join(here.paths.home, "payload");
    await debugfs(drive, `dump /home/laborant/payload ${copied}`);
    assert.ok((await readFile(copied)).equals(payload));

    assert.equal((await stat(drive.path)).mode & 0o777, 0o444);
    assert.equal(drive.sizeBytes, 256 * mebibyte);
    assert.equal(drive.imageDigest, buildImage(layers).manifestDigest);
    assert.deepEqual(
      drive.users.map(user => user.name),
      ["root", "sshd", "laborant"],
    );
    assert.deepEqual(new Set(seen.map(progress => progress.step)), new Set(["resolve", "pull", "unpack", "write"]));
    await assertNothingHalf(here.paths);
    assert.deepEqual(await lookupBaseDrive(here.request), drive);
    assert.deepEqual(await ensureBaseDrive(here.request), drive);
  });

  test("by digest, the cache alone is enough: no request is made", async () => {
    const digest = buildImage(layers).manifestDigest;
    await using proxy = await startFaultyProxy(registry.host, ({ pass }) => pass());
    await using here = await scratch(`oci://${proxy.host}/lab/root@${digest}`);
    const drive = await ensureBaseDrive(here.request);
    const before = proxy.requests.length;
    assert.deepEqual(await ensureBaseDrive(here.request), drive);
    assert.equal(proxy.requests.length, before);
  });

  test("a tag that moves is followed; when the registry is away, the last known digest serves with a warning", async () => {
    await registry.push("lab/moving", "v1", buildImage(layers));
    await using proxy = await startFaultyProxy(registry.host, ({ pass }) => pass());
    await using here = await scratch(`oci://${proxy.host}/lab/moving:v1`);
    const first = await ensureBaseDrive(here.request);
    const moved = buildImage([...layers, [{ name: "etc/motd", content: "moved\n" }]]);
    await registry.push("lab/moving", "v1", moved);
    const second = await ensureBaseDrive(here.request);
    assert.notEqual(second.path, first.path);
    assert.equal(await debugfs(second, "cat /etc/motd"), "moved\n");
    proxy.fault = ({ response }) => response.destroy();
    const third = await ensureBaseDrive(here.request);
    assert.equal(third.path, second.path);
    assert.deepEqual(
      third.findings.filter(({ severity }) => severity !== "info").map(finding => finding.code),
      ["image/stale-tag"],
    );
    // The cache alone answers for a tag only while it cannot have moved far.
    assert.equal((await lookupBaseDrive(here.request))?.path, second.path);
    const [record] = await readdir(imageRecordsDirectory(here.paths));
    const file = join(imageRecordsDirectory(here.paths), record as string);
    await writeFile(file, (await readFile(file, "utf8")).replace(/"20\d\d/, '"2001'));
    assert.equal(await lookupBaseDrive(here.request), undefined);
  });

  test("Docker's manifests, zstd layers and an index with several platforms", async () => {
    const docker = buildImage(layers, { flavour: "docker", compress: plain => zstdCompressSync(plain) });
    await registry.push("lab/docker", "v1", docker);
    const arm = buildImage(layers.slice(0, 1), { architecture: "arm64" });
    await registry.push("lab/docker", "arm", arm);
    const indexType = "application/vnd.oci.image.index.v1+json";
    const member = (image: typeof docker, platform: object) => ({
      mediaType: image.manifestType,
      digest: image.manifestDigest,
      size: image.blobs.get(image.manifestDigest)?.length,
      platform,
    });
    const armMember = member(arm, { os: "linux", architecture: "arm64", variant: "v8" });
    const index = {
      schemaVersion: 2,
      mediaType: indexType,
      manifests: [armMember, member(docker, { os: "linux", architecture: "amd64" })],
    };
    await registry.putManifest("lab/docker", "multi", indexType, Buffer.from(JSON.stringify(index)));
    await using here = await scratch(`oci://${registry.host}/lab/docker:multi`);
    const drive = await ensureBaseDrive(here.request);
    assert.equal(await debugfs(drive, "cat /etc/motd"), "new\n");

    await using other = await scratch(`oci://${registry.host}/lab/docker:arm`);
    await fails(other.request, "image/wrong-platform", /linux\/arm64/);
    const armOnly = Buffer.from(JSON.stringify({ ...index, manifests: [armMember] }));
    await registry.putManifest("lab/docker", "arm-only", indexType, armOnly);
    await fails(
      { ...other.request, source: `oci://${registry.host}/lab/docker:arm-only` },
      "image/wrong-platform",
      /it has: linux\/arm64\/v8/,
    );
  });

  test("what is missing, and who does not answer, is said in one line", async () => {
    await using here = await scratch(`oci://${registry.host}/lab/root:nope`);
    // A registry that asks nobody for a login says what it has.
    for (const [name, hint] of [
      ["root:nope", /repository and the tag/],
      ["none:v1", /repository and the tag/],
      [`root@sha256:${"0".repeat(64)}`, /repository and the digest/],
    ] as const) {
      const problem = await fails(
        { ...here.request, source: `oci://${registry.host}/lab/${name}` },
        "image/denied-or-missing",
        new RegExp(`lab/${name} does not exist: ${registry.host} has no such repository.*\\(status 404\\)`),
      );
      assert.match(problem.hint ?? "", hint);
      assert.doesNotMatch(`${problem.message} ${problem.hint}`, /credential|log ?in|private/i);
    }
    const dead = { ...here.request, source: "oci://127.0.0.1:1/lab/root:v1" };
    await fails(dead, "image/registry-unreachable", /127\.0\.0\.1:1.*ECONNREFUSED/);
    const known = { ...here.request, source: `oci://${registry.host}/lab/root:v1` };
    await fails({ ...known, filesystem: "xfs" }, "image/unsupported-filesystem", /asked for as xfs/);
  });

  test("an image that cannot boot is refused before a byte is written, but may be a data drive", async () => {
    await registry.push("lab/data", "v1", buildImage([[{ name: "table.csv", content: "1,2\n" }]]));
    await using here = await scratch(`oci://${registry.host}/lab/data:v1`);
    await fails(here.request, "image/not-bootable", /no init system.*sshd.*root account/);
    const drive = await ensureBaseDrive({ ...here.request, purpose: "data" });
    assert.equal(await debugfs(drive, "cat /table.csv"), "1,2\n");
    assert.equal(drive.initKind, undefined);
    await assert.rejects(lookupBaseDrive(here.request), (error: Problem) => error.code === "image/not-bootable");
  });

  test("a copy for the same machine has the content, and a UUID of its own", async () => {
    await using here = await scratch(`oci://${registry.host}/lab/root:v1`);
    const uuids: string[] = [];
    const build: BuildFilesystem = async ({ target, uuid }) => {
      uuids.push(uuid);
      await writeFile(target, uuid);
    };
    const request = { ...here.request, filesystem: "btrfs" as const, build };
    const drives = [];
    for (const copy of [0, 1, 2, 1, 0]) drives.push(await ensureBaseDrive({ ...request, copy }));
    const [first, second, third] = drives.map(({ path }) => path);
    assert.deepEqual([new Set([first, second, third]).size, new Set(uuids).size, uuids.length], [3, 3, 3]);
    assert.deepEqual(
      drives.slice(3).map(({ path }) => path),
      [second, first],
    );
    assert.equal((await ensureBaseDrive(request)).path, first);
    assert.equal((await lookupBaseDrive({ ...request, copy: 2 }))?.path, third);
    await pruneCache({ paths: here.paths });
    assert.equal((await readdir(baseDrivesDirectory(here.paths))).length, 3);
  });

  test("what is wrong with an image that has been here is told to whoever saves a manifest with it, without asking anybody", async () => {
    await registry.push("lab/noted", "v1", buildImage([[{ name: "table.csv", content: "3,4\n" }]]));
    const source = `oci://${registry.host}/lab/noted:v1`;
    await using here = await scratch(source);
    const { paths } = here.request;
    const manifest = {
      playground: {
        machines: [
          { name: "a", users: [], drives: [{ source, mount: "/" }, { source }] },
          { name: "b", users: [], drives: [{ source: "debian-12", mount: "/" }] },
        ],
      },
    } as unknown as Manifest;
    assert.deepEqual(await knownImageFindings(manifest, paths), []);
    await fails(here.request, "image/not-bootable", /no init system/);
    const found = await knownImageFindings(manifest, paths);
    assert.deepEqual([...new Set(found.map(({ path }) => path))], ["playground.machines[0].drives[0].source"]);
    assert.match(found[0]?.message ?? "", /lab\/noted:v1: .*no init.*the machine will not start/);
    const named = structuredClone(manifest);
    Object.assign(named.playground.machines[0] as object, {
      users: [{ name: "nobody-here" }],
      startupFiles: [{ path: "/x", content: "", owner: "root:no-group" }],
    });
    const unknown = (await knownImageFindings(named, paths)).filter(({ code }) => code === "machine/user-not-in-image");
    // The image has no accounts at all: neither the user, nor root, nor the group.
    assert.deepEqual(
      unknown.map(({ path }) => path),
      ["users[0].name", "startupFiles[0].owner", "startupFiles[0].owner"].map(path => `playground.machines[0].${path}`),
    );
    assert.match(unknown[0]?.message ?? "", /user "nobody-here" does not exist in .*lab\/noted:v1.*will not start/);
    // Also long after the tag was looked up, and not from what another version thought.
    const [verdict = ""] = await readdir(imageVerdictsDirectory(paths));
    await writeFile(join(imageVerdictsDirectory(paths), verdict), JSON.stringify({ version: "0", findings: [{}] }));
    assert.deepEqual(await knownImageFindings(manifest, paths), []);
    await pruneCache({ paths, all: true });
    assert.deepEqual(await readdir(imageVerdictsDirectory(paths)), []);
  });

  test("an explicit size that is too small is an error with both numbers; a default grows", async () => {
    await using here = await scratch(`oci://${registry.host}/lab/root:v1`);
    await fails(
      { ...here.request, sizeBytes: 2 * mebibyte },
      "image/too-big-for-drive",
      /at least \d.* MiB, but the drive has 2 MiB/,
    );
    const drive = await ensureBaseDrive({ ...here.request, sizeBytes: 2 * mebibyte, sizeIsExplicit: false });
    assert.equal(drive.sizeBytes, 1024 * mebibyte);
    await run(["e2fsck", "-fn", drive.path]);
  });

  test("two processes' worth of requests at once pull and write once", async () => {
    await using proxy = await startFaultyProxy(registry.host, ({ pass }) => pass());
    await using here = await scratch(`oci://${proxy.host}/lab/root:v1`);
    const drives = await Promise.all([1, 2, 3].map(() => ensureBaseDrive(here.request)));
    assert.equal(new Set(drives.map(drive => drive.path)).size, 1);
    assert.equal(proxy.requests.filter(({ path }) => isLayer(path)).length, layers.length);
  });

  test("cancelling ends the pull and leaves nothing", async () => {
    const held: Fault = ({ path, pass, response }) => {
      if (!isLayer(path)) return pass();
      response.writeHead(200, { "content-length": "1000" });
      response.write("a little, then silence");
    };
    await using proxy = await startFaultyProxy(registry.host, held);
    await using here = await scratch(`oci://${proxy.host}/lab/root:v1`);
    const controller = new AbortController();
    const onProgress = (progress: ImageProgress) => progress.step === "pull" && controller.abort(new Error("enough"));
    await assert.rejects(ensureBaseDrive({ ...here.request, onProgress, signal: controller.signal }), /enough|abort/i);
    // What arrived stays for the next try, under no name that anybody would take for a whole blob.
    const parts = await readdir(partialBlobsDirectory(here.paths));
    assert.ok(parts.length > 0);
    proxy.fault = ({ pass }) => pass();
    await run(["e2fsck", "-fn", (await ensureBaseDrive(here.request)).path]);
    await assertNothingHalf(here.paths);
  });
});

describe("a registry with credentials", () => {
  test("Basic: right ones pull, wrong ones and none are told apart", async () => {
    await using guarded = await startRegistry({ basicAuth: true });
    await guarded.push("lab/secret", "v1", buildImage(layers));
    await using here = await scratch(`oci://${guarded.host}/lab/secret:v1`);
    await fails(here.request, "image/denied-or-missing", /without credentials \(status 401\)/);
    const wrong = { ...basicCredentials, password: "wrong" };
    await fails(
      { ...here.request, registries: accessWith(async () => wrong) },
      "image/denied-or-missing",
      /as "tester"/,
    );
    // What such a registry does not show may be there for somebody else.
    const absent = await fails(
      {
        ...here.request,
        source: `oci://${guarded.host}/lab/secret:nope`,
        registries: accessWith(async () => basicCredentials),
      },
      "image/denied-or-missing",
      /lab\/secret:nope as "tester" \(status 404\)/,
    );
    assert.match(absent.hint ?? "", /private image/);
    const asked: string[] = [];
    const drive = await ensureBaseDrive({
      ...here.request,
      registries: accessWith(async host => {
        asked.push(host);
        return basicCredentials;
      }),
    });
    assert.equal(await debugfs(drive, "cat /etc/motd"), "new\n");
    assert.deepEqual(asked, [guarded.host]);
  });

  test("Bearer: one token for all layers, a new one when it has ended in mid-pull", async () => {
    let tokens = 0;
    let valid = "";
    const guard: Fault = ({ incoming, response, path, pass }) => {
      if (path.startsWith("/token")) {
        valid = `token-${++tokens}`;
        response.end(JSON.stringify({ access_token: valid, expires_in: 300 }));
      } else if (incoming.headers.authorization !== `Bearer ${valid}`) {
        const challenge = `Bearer realm="http://${incoming.headers.host}/token",service="s,1",scope="repository:lab/root:pull"`;
        response.writeHead(401, { "www-authenticate": challenge }).end();
      } else {
        if (tokens === 1 && isLayer(path)) valid = "ended";
        pass();
      }
    };
    await using proxy = await startFaultyProxy(registry.host, guard);
    await using here = await scratch(`oci://${proxy.host}/lab/root:v1`);
    await ensureBaseDrive({ ...here.request, registries: accessWith(async () => basicCredentials) });
    const asked = proxy.requests.filter(({ path }) => path.startsWith("/token"));
    assert.equal(asked.length, 2);
    assert.match(asked[0]?.path ?? "", /service=s%2C1.*scope=repository%3Alab%2Froot%3Apull/);
    assert.match(asked[0]?.headers.authorization ?? "", /^Basic /);
  });

  test("credentials do not follow a redirect to another origin", async () => {
    await using storage = await startFaultyProxy(registry.host, ({ pass }) => pass());
    const redirect: Fault = ({ incoming, response, path, pass }) => {
      if (incoming.headers.authorization === undefined) {
        response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
      } else if (isBlob(path)) response.writeHead(307, { location: `http://${storage.host}${path}` }).end();
      else pass();
    };
    await using proxy = await startFaultyProxy(registry.host, redirect);
    await using here = await scratch(`oci://${proxy.host}/lab/root:v1`);
    await ensureBaseDrive({ ...here.request, registries: accessWith(async () => basicCredentials) });
    assert.equal(storage.requests.length, layers.length + 1);
    assert.deepEqual(
      storage.requests.filter(({ headers }) => headers.authorization !== undefined),
      [],
    );
  });
});

describe("a registry or a way to it that is broken", () => {
  async function pullThrough(
    fault: Fault,
    use: (request: EnsureBaseDriveOptions, requests: string[]) => Promise<unknown>,
  ) {
    await using proxy = await startFaultyProxy(registry.host, fault);
    await using here = await scratch(`oci://${proxy.host}/lab/root:v1`);
    await use(here.request, []);
    return proxy.requests;
  }
  const flip = (body: Buffer) => {
    const changed = Buffer.from(body);
    if (changed.length > 0) changed[changed.length >> 1] = (changed[changed.length >> 1] as number) ^ 1;
    return changed;
  };

  test("a layer that lies about its digest is refused after a second try, and nothing of it is kept", async () => {
    const requests = await pullThrough(
      ({ path, pass }) => pass(isLayer(path) ? flip : undefined),
      request => fails(request, "image/damaged", /layer \d of 3 .* should have the digest sha256:/),
    );
    const counts = layerDigests.map(digest => requests.filter(({ path }) => path.includes(digest)).length);
    assert.ok(counts.includes(2), String(counts));
  });

  test("damage that happens once is mended by the second try", async () => {
    let damaged = 0;
    await pullThrough(
      ({ path, pass }) => pass(path.includes(layerDigests[2] as string) && damaged++ === 0 ? flip : undefined),
      async request => void (await ensureBaseDrive(request)),
    );
    assert.equal(damaged, 2);
  });

  test("a manifest or configuration that is not what its digest says is refused", async () => {
    await pullThrough(
      ({ path, pass }) => pass(path.includes("/manifests/") ? flip : undefined),
      request => fails(request, "image/damaged", /manifest of digest/),
    );
    await pullThrough(
      ({ path, pass }) => pass(isBlob(path) && !isLayer(path) ? flip : undefined),
      request => fails(request, "image/damaged", /the configuration of/),
    );
  });

  test("a download that breaks off goes on where it stopped", async () => {
    const large = layerDigests[2] as string;
    let breaks = 0;
    const requests = await pullThrough(
      ({ incoming, path, pass, response }) => {
        if (!path.includes(large) || breaks === 2) return pass();
        breaks++;
        const from = Number(/bytes=(\d+)-/.exec(incoming.headers.range ?? "")?.[1] ?? 0);
        const body = buildImage(layers).blobs.get(layerDigests[2] as (typeof layerDigests)[number]) as Buffer;
        const range = from === 0 ? {} : { "content-range": `bytes ${from}-${body.length - 1}/${body.length}` };
        response.writeHead(from === 0 ? 200 : 206, { "content-length": String(body.length - from), ...range });
        response.write(body.subarray(from, from + mebibyte), () => response.destroy());
      },
      async request => void (await ensureBaseDrive(request)),
    );
    const ranges = requests.filter(({ path }) => path.includes(large)).map(({ headers }) => headers.range);
    assert.equal(ranges.length, 3);
    assert.equal(ranges[0], undefined);
    assert.match(ranges[1] ?? "", /^bytes=[1-9]\d*-$/);
  });

  test("a registry that ignores ranges makes the download start over", async () => {
    const large = layerDigests[2] as string;
    let breaks = 0;
    await pullThrough(
      ({ incoming, path, pass, response }) => {
        if (!path.includes(large)) return pass();
        delete incoming.headers.range;
        if (breaks++ > 0) return pass();
        response.writeHead(200, { "content-length": "1000000" });
        response.write(Buffer.alloc(5000), () => response.destroy());
      },
      async request => void (await ensureBaseDrive(request)),
    );
    assert.equal(breaks, 2);
  });

  test("a blob that ends early without any error is noticed by its size", async () => {
    await pullThrough(
      ({ path, pass }) => pass(isLayer(path) ? body => body.subarray(0, body.length - 7) : undefined),
      request => fails(request, "image/damaged", /bytes, but the image promised/),
    );
  });

  test("429 and 503 are waited out as asked; a long wait is reported instead", async () => {
    let refusals = 0;
    const startedAt = Date.now();
    await pullThrough(
      ({ pass, response }) =>
        refusals++ < 2 ? void response.writeHead(refusals === 1 ? 429 : 503, { "retry-after": "1" }).end() : pass(),
      async request => void (await ensureBaseDrive(request)),
    );
    assert.ok(Date.now() - startedAt >= 2000);
    await pullThrough(
      ({ response }) => void response.writeHead(429, { "retry-after": "3600" }).end(),
      request => fails(request, "image/rate-limited", /wait 3600 s/),
    );
  });

  test("endless redirects, redirects to other protocols and encoded bodies are refused", async () => {
    await pullThrough(
      ({ response, path }) => void response.writeHead(302, { location: path }).end(),
      request => fails(request, "image/registry-failed", /redirects more than 10 times/),
    );
    await pullThrough(
      ({ response }) => void response.writeHead(302, { location: "http://192.0.2.1/x" }).end(),
      request => fails(request, "image/registry-failed", /192\.0\.2\.1, which is not allowed/),
    );
    await pullThrough(
      ({ pass }) => pass(undefined, { "content-encoding": "gzip" }),
      request => fails(request, "image/registry-failed", /encodes/),
    );
    await pullThrough(
      ({ response }) => void response.end("<html>welcome to the hotel</html>"),
      request => fails(request, "image/damaged", /not a JSON object|manifest of digest/),
    );
  });
});

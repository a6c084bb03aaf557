import assert from "node:assert/strict";
import { execPath } from "node:process";
import { mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Problem } from "../../src/api/problems.ts";
import { run } from "../../src/host/process.ts";
import { parseCommandSource } from "../../src/images/catalogue.ts";
import { checkImage } from "../../src/images/check-image.ts";
import { digestOf, hexOf } from "../../src/images/digest.ts";
import { ensureBaseDrive } from "../../src/images/ensure-base-drive.ts";
import { registryAccess } from "../../src/images/registry/access.ts";
import { imageHome } from "../fixtures/image-home.ts";
import { bootableMembers, buildImage, type BuiltImage } from "../fixtures/oci-image.ts";
import { basicCredentials, startRegistry } from "../fixtures/registry.ts";
import { startScriptedRegistry } from "../fixtures/scripted-registry.ts";
import { tarArchive, type TarMember } from "../fixtures/tar-archive.ts";

const one = buildImage([bootableMembers(), [{ name: "etc/motd", content: "one\n" }]]);
const two = buildImage([bootableMembers(), [{ name: "etc/motd", content: "two\n" }]]);
const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** The files of an OCI layout with these images, by tag. */
function layoutFiles(images: Record<string, BuiltImage>): Map<string, Buffer> {
  const files = new Map<string, Buffer>([["oci-layout", Buffer.from('{"imageLayoutVersion":"1.0.0"}')]]);
  const manifests = Object.entries(images).map(([tag, image]) => {
    for (const [digest, bytes] of image.blobs) files.set(`blobs/sha256/${hexOf(digest)}`, bytes);
    const size = image.blobs.get(image.manifestDigest)?.length;
    const annotations = tag === "" ? {} : { "org.opencontainers.image.ref.name": tag };
    return { mediaType: image.manifestType, digest: image.manifestDigest, size, annotations };
  });
  files.set("index.json", Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })));
  return files;
}

/** An archive as `docker save` wrote it for years: a folder for each layer, the second of them a link. */
function dockerArchive(): Buffer {
  const base = tarArchive(bootableMembers());
  const top = tarArchive([{ name: "etc/motd", content: "saved\n" }]);
  const config = Buffer.from(
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      rootfs: { type: "layers", diff_ids: [digestOf(base), digestOf(top), digestOf(top)] },
    }),
  );
  const id = hexOf(digestOf(config));
  const manifest = [
    { Config: `${id}.json`, RepoTags: ["lab:v1", "lab:latest"], Layers: ["a/layer.tar", "b/layer.tar", "c/layer.tar"] },
    { Config: `${id}.json`, RepoTags: ["other:v1"], Layers: ["a/layer.tar", "b/layer.tar", "b/layer.tar"] },
  ];
  return tarArchive([
    { name: `${id}.json`, content: config },
    { name: "a/layer.tar", content: base },
    { name: "b/layer.tar", content: top },
    { name: "c/layer.tar", type: "2", linkName: "../b/layer.tar" },
    { name: "manifest.json", content: JSON.stringify(manifest) },
  ]);
}

const asMembers = (files: ReadonlyMap<string, Buffer>): TarMember[] =>
  [...files].map(([name, content]) => ({ name: `./${name}`, content }));

async function unreadable(work: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(work, (error: Problem) => {
    assert.equal(error.code, "image/source-unreadable", error.stack);
    assert.match(error.message, message);
    return true;
  });
}

describe("33: images in files", () => {
  test("an OCI layout, with one image, several, and one for several platforms", async () => {
    await using home = await imageHome();
    const layout = join(home.paths.home, "layout");
    const write = async (files: ReadonlyMap<string, Buffer>) => {
      await mkdir(join(layout, "blobs/sha256"), { recursive: true });
      for (const [name, bytes] of files) await writeFile(join(layout, name), bytes);
    };
    await write(layoutFiles({ v1: one }));
    assert.equal(await home.pull(await parseCommandSource(layout)), one.manifestDigest);
    await write(layoutFiles({ v1: one, "lab:v2": two }));
    await unreadable(home.pull(await parseCommandSource(layout)), /several images: v1, lab:v2/);
    assert.equal(await home.pull(await parseCommandSource(`${layout}:v2`)), two.manifestDigest);
    await unreadable(home.pull(await parseCommandSource(`${layout}:v3`)), /no single image "v3"/);
    const files = layoutFiles({ "": one });
    const arm = buildImage([[]], { architecture: "arm64" });
    const platforms = [
      { ...arm, platform: { os: "linux", architecture: "arm64" } },
      { ...one, platform: { os: "linux", architecture: "amd64" } },
    ].map(({ manifestDigest, manifestType, platform }) => ({
      mediaType: manifestType,
      digest: manifestDigest,
      size: 1,
      platform,
    }));
    const index = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: platforms }));
    await write(files.set("index.json", index));
    assert.equal(await home.pull(await parseCommandSource(layout)), digestOf(index));
  });

  test("the example of the library makes a drive of a layout, by itself", async () => {
    await using home = await imageHome();
    const layout = join(home.paths.home, "layout");
    await mkdir(join(layout, "blobs/sha256"), { recursive: true });
    for (const [name, bytes] of layoutFiles({ v1: one })) await writeFile(join(layout, name), bytes);
    const program = fileURLToPath(new URL("../../examples/image-to-disk.ts", import.meta.url));
    const { stdout, stderr } = await run([execPath, program, layout, join(home.paths.home, "cache")]);
    assert.match(stderr, /^write: /m);
    await run(["e2fsck", "-fn", stdout.trim()]);
  });

  test("archives: OCI in tar, packed as a whole, and of the older Docker", async () => {
    await using home = await imageHome();
    const file = async (name: string, bytes: Buffer) => {
      await writeFile(join(home.paths.home, name), bytes);
      return join(home.paths.home, name);
    };
    const oci = tarArchive(asMembers(layoutFiles({ "localhost/lab:v1": one, "localhost/lab:v2": two })));
    const plain = await file("oci.tar", oci);
    assert.equal(await home.pull(await parseCommandSource(`${plain}:v2`)), two.manifestDigest);
    const packed = await file("oci.tar.gz", gzipSync(oci));
    assert.equal(await home.pull(await parseCommandSource(`${packed}:lab:v1`)), one.manifestDigest);
    assert.deepEqual(await readdir(join(home.paths.home, "images/work")), []);

    const saved = await file("saved.tar", dockerArchive());
    await unreadable(home.pull(await parseCommandSource(saved)), /several images: lab:v1, other:v1/);
    const source = await parseCommandSource(`${saved}:lab`);
    const check = await checkImage(home.options(source));
    assert.equal(check.findings.filter(finding => finding.severity === "error").length, 0);
    assert.equal(await home.pull(source), check.digest);
  });

  test("what is no image is said so, and a layer that lies changes nothing", async () => {
    await using home = await imageHome();
    const path = join(home.paths.home, "x.tar");
    await writeFile(path, tarArchive([{ name: "hello", content: "x" }]));
    await unreadable(home.pull(await parseCommandSource(path)), /neither index\.json nor manifest\.json/);
    await writeFile(path, "not a tar archive at all, but longer than a header ".repeat(20));
    await unreadable(home.pull(await parseCommandSource(path)), /is not a tar archive/);
    await unreadable(parseCommandSource("./missing.tar"), /there is no directory or archive/);
    const files = layoutFiles({ v1: one });
    const layer = one.layers[1]?.digest as typeof one.manifestDigest;
    const lying = Buffer.from(one.blobs.get(layer) as Buffer);
    lying[20] = (lying[20] as number) ^ 1;
    await writeFile(path, tarArchive(asMembers(files.set(`blobs/sha256/${hexOf(layer)}`, lying))));
    await assert.rejects(home.pull(await parseCommandSource(path)), (error: Problem) => error.code === "image/damaged");
    assert.deepEqual(await readdir(join(home.paths.home, "images/partial")), []);
  });
});

test("an image outside of the cache gets a name that a manifest can use, with no registry behind it", async () => {
  await using home = await imageHome();
  const layout = join(home.paths.home, "layout");
  for (const [name, bytes] of layoutFiles({ v1: one, v2: two })) {
    await mkdir(dirname(join(layout, name)), { recursive: true });
    await writeFile(join(layout, name), bytes);
  }
  const pull = (args: string[]) =>
    run([execPath, main, "image", "pull", "-q", ...args], {
      env: { PATH: process.env.PATH, LABYARD_HOME: home.paths.home },
      allowFailure: true,
    });
  // Nothing listens there.
  const name = "oci://127.0.0.1:1/lab/made:v1";
  const request = { sizeBytes: 1024 ** 3, sizeIsExplicit: true, filesystem: "ext4", purpose: "root" } as const;
  const drive = () => ensureBaseDrive({ ...request, paths: home.paths, source: name });
  assert.equal((await pull([`${layout}:v1`, "-t", name])).stdout, `${one.manifestDigest}\n`);
  assert.equal((await drive()).imageDigest, one.manifestDigest);
  // What fails leaves the name alone, and naming again moves it.
  assert.equal((await pull([`${layout}:v3`, "-t", name])).exitCode, 1);
  const pinned = await pull([`${layout}:v2`, "-t", `${name}@${one.manifestDigest}`]);
  assert.match(pinned.stderr, /has a digest; an image is named by a tag/);
  assert.equal((await drive()).imageDigest, one.manifestDigest);
  assert.equal((await pull([`${layout}:v2`, "-t", name])).stdout, `${two.manifestDigest}\n`);
  assert.equal((await drive()).imageDigest, two.manifestDigest);
  // A registry that cannot be asked is no failure here, but it is said.
  const stale = await pull([name]);
  assert.equal(stale.stdout, `${two.manifestDigest}\n`);
  assert.match(stale.stderr, /^warning: 127\.0\.0\.1:1 does not answer; using what .* \[image\/stale-tag\]$/m);
  // As a source such a word means an image of the catalogue, so it could never be found under this name.
  for (const word of ["lab", "debian-12"]) {
    const given = await pull([`${layout}:v1`, "-t", word]);
    assert.equal(given.exitCode, 1);
    assert.match(given.stderr, new RegExp(`"${word}" is the name of an image`));
  }
});

test("an engine's image comes through its socket", async () => {
  await using home = await imageHome();
  const socket = join(home.paths.home, "engine.sock");
  const server = createServer((incoming, response) => {
    if (decodeURIComponent(incoming.url ?? "") === "/images/me/lab:v1/get") response.end(dockerArchive());
    else response.writeHead(404).end();
  });
  await new Promise<void>(resolve => server.listen(socket, resolve));
  try {
    const env = { DOCKER_HOST: `unix://${socket}` };
    const pull = (source: string) => parseCommandSource(source).then(parsed => home.pull(parsed, { env }));
    // The engine exports exactly what was asked for; our archive has two, which it would not.
    await unreadable(pull("docker://me/lab:v1"), /several images/);
    await assert.rejects(pull("docker://me/gone"), (error: Problem) => error.code === "image/denied-or-missing");
    await assert.rejects(pull("docker://--help"), (error: Problem) => error.code === "image/bad-reference");
    await assert.rejects(pull("docker://"), (error: Problem) => error.code === "image/bad-reference");
    // Who names an engine wants no other, whatever else listens on this host.
    for (const [named, message] of [
      ["tcp://127.0.0.1:1", /DOCKER_HOST is "tcp:\/\/127\.0\.0\.1:1"/],
      ["unix:///nowhere.sock", /no container engine listens .*\(looked at \/nowhere\.sock\)/],
    ] as const) {
      const source = await parseCommandSource("docker://me/lab:v1");
      await assert.rejects(home.pull(source, { env: { DOCKER_HOST: named } }), (error: Problem) => {
        assert.equal(error.code, "image/no-engine");
        assert.match(error.message, message);
        return true;
      });
    }
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

test("config.yaml decides with which login and through which mirror commands pull", async () => {
  await using guarded = await startRegistry({ basicAuth: true });
  await guarded.push("lab/secret", "v1", one);
  await using home = await imageHome();
  const path = (name: string) => join(home.paths.home, name);
  const pull = (reference: string) =>
    run([execPath, main, "image", "pull", "-q", reference], {
      env: { PATH: process.env.PATH, LABYARD_HOME: home.paths.home },
      allowFailure: true,
    });
  const refused = await pull(`${guarded.host}/lab/secret:v1`);
  assert.equal(refused.exitCode, 1);
  assert.match(refused.stderr, /without credentials \(status 401\)/);
  const { username, password } = basicCredentials;
  await writeFile(path("auth.json"), JSON.stringify({ auths: { [guarded.host]: { username, password } } }));
  const config = {
    images: { authFiles: [path("auth.json")], registries: { "docker.io": { mirrors: [guarded.host] } } },
  };
  await writeFile(path("config.yaml"), JSON.stringify(config));
  assert.equal((await pull(`${guarded.host}/lab/secret:v1`)).stdout, `${one.manifestDigest}\n`);
  // Docker Hub's own address cannot be reached from here, and need not be.
  assert.equal((await pull("lab/secret:v1")).stdout, `${one.manifestDigest}\n`);
  await writeFile(path("config.yaml"), "images:\n  registries:\n    r.example:\n      insecure: true\n");
  assert.match((await pull("x/y")).stderr, /config\.yaml: line \d+, images\.registries/);
});

test("a manifest may name Docker Hub only where the operator allows it", async () => {
  await using home = await imageHome();
  const request = { sizeBytes: 1024 ** 3, sizeIsExplicit: true, filesystem: "ext4", purpose: "root" } as const;
  const drive = { ...request, paths: home.paths, source: "oci://docker.io/library/ubuntu:24.04" };
  await assert.rejects(ensureBaseDrive(drive), (error: Problem) => error.code === "image/hub-not-allowed");
  await using mirror = await startScriptedRegistry(one);
  const registries = registryAccess({ dockerHub: true, registries: { "docker.io": { mirrors: [mirror.host] } } }, {});
  assert.equal((await ensureBaseDrive({ ...drive, registries })).imageDigest, one.manifestDigest);
});

test("the commands: build, push, pull, check, disk, list, inspect, prune", async () => {
  await using registry = await startRegistry();
  await using home = await imageHome();
  const work = home.paths.home;
  await mkdir(join(work, "context"));
  for (const [name, content] of [
    ["Dockerfile", 'FROM scratch\nCOPY . /\nRUN ["/bin/none"]\n'],
    ["Good", "FROM scratch\nCOPY . /\n"],
    [".dockerignore", "Dockerfile\nGood\nsecret\n"],
    ["secret", "no"],
    ["hello", "hi\n"],
  ] as const) {
    await writeFile(join(work, "context", name), content);
  }
  const labyard = (args: string[], allowFailure = false) =>
    run([execPath, main, "image", ...args], {
      env: { ...process.env, LABYARD_HOME: join(work, "home") },
      cwd: work,
      allowFailure,
      timeoutMs: 60_000,
    });
  const reference = `oci://${registry.host}/lab/hello:v1`;
  const failed = await labyard(["build", "context", "-t", reference], true);
  assert.equal(failed.exitCode, 1);
  assert.match(failed.stderr, /context could not be built: buildah ended with \d/);

  const built = await labyard(["build", "context", "-t", reference, "-f", "context/Good", "--push"]);
  assert.match(built.stdout, /^sha256:[0-9a-f]{64} {2}\d.* oci:\/\/127/);
  assert.match(built.stderr, /STEP 2\/2: COPY/);
  // Through the registry the layers come back packed, as another manifest of the same content.
  assert.match((await labyard(["pull", "-q", reference])).stdout, /^sha256:[0-9a-f]{64}\n$/);

  const checked = await labyard(["check", reference, "--json"], true);
  assert.equal(checked.exitCode, 1);
  assert.equal((JSON.parse(checked.stdout) as { canBoot: boolean }).canBoot, false);

  await labyard(["disk", reference, "-o", "out.img", "--size", "64MiB"]);
  await run(["e2fsck", "-fn", join(work, "out.img")]);
  const ls = await run(["debugfs", "-R", "ls -p /", join(work, "out.img")], { env: { ...process.env, PAGER: "cat" } });
  assert.match(ls.stdout, /\/hello\//);
  assert.doesNotMatch(ls.stdout, /secret|Dockerfile/);
  await run(["mkfifo", join(work, "fifo")]);
  const onFifo = await labyard(["disk", reference, "-o", "fifo"], true);
  assert.match(onFifo.stderr, /"fifo" cannot be written: something that is no file/);
  await writeFile(join(work, "out.qcow2.01234567.partial"), "of a writer that was killed");
  await utimes(join(work, "out.qcow2.01234567.partial"), 0, 0);
  await labyard(["disk", reference, "-o", "out.qcow2", "--size", "64MiB", "--format", "qcow2"]);
  assert.equal((await readFile(join(work, "out.qcow2"))).subarray(0, 3).toString(), "QFI");
  assert.deepEqual(
    (await readdir(work)).filter(name => name.endsWith(".partial")),
    [],
  );

  const listed = await labyard(["list", "--json"]);
  const { images, laterBuildsBytes } = JSON.parse(listed.stdout) as {
    images: Array<{ name: string; drives: unknown[]; bytes: number }>;
    laterBuildsBytes: number;
  };
  assert.ok(laterBuildsBytes > 0, "Buildah keeps the layers of its builds");
  assert.deepEqual(
    images.map(image => [image.name, image.drives.length]),
    [[`${registry.host}/lab/hello:v1`, 1]],
  );
  assert.ok((images[0]?.bytes ?? 0) < 8 * 1024 ** 2, "real sizes, not those of sparse files");
  assert.match((await labyard(["inspect", reference])).stdout, /Digest: +sha256:/);
  assert.match(
    (await labyard(["prune"])).stdout,
    /in use\n[\d.]+ \w+ more are kept for later builds; --all removes them\.\n$/,
  );
  assert.match((await labyard(["list"])).stdout, /\n[\d.]+ \w+ more are kept for later builds\.\n$/);
  const pruned = (await labyard(["prune", "--all"])).stdout;
  assert.match(pruned, /removed 127.*\n.* freed \(.*, [\d.]+ \w+ of layers for later builds\); 0 B in use\n$/);
  assert.match((await labyard(["list"])).stdout, /\n0 B in all.*\n$/);
});

import assert from "node:assert/strict";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Problem, ProblemCode } from "../../src/api/problems.ts";
import { parseCommandSource } from "../../src/images/catalogue.ts";
import { digestOf, hexOf } from "../../src/images/digest.ts";
import { mergeLayers } from "../../src/images/layers/merge-layers.ts";
import { withPulledImage } from "../../src/images/pull-into-cache.ts";
import { lookUp } from "../../src/images/tree-paths.ts";
import { blobsDirectory, partialBlobsDirectory, type Paths } from "../../src/store/paths.ts";
import { imageHome } from "../fixtures/image-home.ts";
import { bootableMembers, buildImage, type BuildOptions, type BuiltImage } from "../fixtures/oci-image.ts";
import { startScriptedRegistry } from "../fixtures/scripted-registry.ts";

/** The numbers in the names are those of the correctness checklist. */

const layers = [bootableMembers(), [{ name: "etc/motd", content: "carried\n" }]];

type Carrier = { digest: string; size: number; data?: string };

/** Every blob is in its own descriptor; `change` has the last word on them, configuration first. */
function carryingImage(change: (descriptors: Carrier[]) => void = () => undefined): BuiltImage {
  const plain = buildImage(layers);
  const changeManifest: BuildOptions["changeManifest"] = manifest => {
    const descriptors = [manifest.config as Carrier, ...(manifest.layers as Carrier[])];
    for (const descriptor of descriptors) {
      descriptor.data = plain.blobs
        .get(descriptor.digest as BuiltImage["manifestDigest"])
        ?.toString("base64") as string;
    }
    change(descriptors);
  };
  return buildImage(layers, { changeManifest });
}

async function failsWith(work: Promise<unknown>, code: ProblemCode, message: RegExp): Promise<void> {
  await assert.rejects(work, (error: Problem) => {
    assert.equal(error.code, code, error.stack);
    assert.match(error.message, message);
    return true;
  });
}

/** Has manifests and nothing else. */
const startWithoutBlobs = (image: BuiltImage) =>
  startScriptedRegistry(image, ({ url, response }) => {
    if (!url.pathname.includes("/blobs/")) return false;
    response.writeHead(404).end();
    return true;
  });

/** Serves `image` behind as many indexes as asked for, each with an attestation beside it. */
function behindIndexes(image: BuiltImage, depth: number): BuiltImage {
  const blobs = new Map(image.blobs);
  let digest = image.manifestDigest;
  for (let level = 0; level < depth; level++) {
    const size = blobs.get(digest)?.length;
    const attestation = { digest: digestOf("x"), size: 1, platform: { os: "unknown", architecture: "unknown" } };
    const index = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [attestation, { digest, size }] }));
    digest = digestOf(index);
    blobs.set(digest, index);
  }
  return { ...image, blobs, manifestDigest: digest };
}

const storedNames = (paths: Paths) => readdir(blobsDirectory(paths)).catch((): string[] => []);

describe("32: blobs that their descriptors carry themselves", () => {
  test("are taken, configuration and layers alike, and nobody is asked for them", async () => {
    const image = carryingImage();
    await using registry = await startWithoutBlobs(image);
    await using home = await imageHome();
    assert.equal(await home.pull(`${registry.host}/lab/root:v1`), image.manifestDigest);
    assert.deepEqual(
      registry.requests.filter(({ path }) => path.includes("/blobs/")),
      [],
    );
    const stored = await storedNames(home.paths);
    for (const { diffId } of image.layers) assert.ok(stored.includes(hexOf(diffId)));
    await using without = await startWithoutBlobs(buildImage(layers));
    await using empty = await imageHome();
    await failsWith(
      empty.pull(`${without.host}/lab/root:v1`),
      "image/denied-or-missing",
      /has the image .*lab\/root:v1 without the blob sha256:\w+ \(status 404\)/,
    );
  });

  test("are verified: other bytes, another size and no base64 change nothing", async () => {
    const otherBytes = (data: string) => (data.startsWith("A") ? "B" : "A") + data.slice(1);
    const cases: Array<[(carrier: Carrier) => void, RegExp]> = [
      [carrier => (carrier.data = otherBytes(carrier.data ?? "")), /digest sha256:\w+.*sha256:\w+/],
      [carrier => (carrier.data += "AAAA"), /is not \d+ bytes in base64/],
      [carrier => (carrier.data = `*${carrier.data?.slice(1)}`), /is not \d+ bytes in base64/],
      [carrier => (carrier.data = ""), /is not \d+ bytes in base64/],
    ];
    for (const which of [0, 2]) {
      for (const [spoil, message] of cases) {
        const image = carryingImage(descriptors => spoil(descriptors[which] as Carrier));
        await using registry = await startWithoutBlobs(image);
        await using home = await imageHome();
        await failsWith(home.pull(`${registry.host}/lab/root:v1`), "image/damaged", message);
        const stored = await storedNames(home.paths);
        const spoiled = which === 0 ? digestOf("") : (image.layers[1]?.diffId as BuiltImage["manifestDigest"]);
        assert.ok(!stored.includes(hexOf(spoiled)));
        assert.deepEqual(await readdir(partialBlobsDirectory(home.paths)), []);
      }
    }
  });
});

describe("31: an index in an index", () => {
  test("is followed to its image, three deep and no deeper", async () => {
    const image = buildImage(layers);
    for (const depth of [2, 3]) {
      const nested = behindIndexes(image, depth);
      await using registry = await startScriptedRegistry(nested);
      await using home = await imageHome();
      assert.equal(await home.pull(`${registry.host}/lab/root:v1`), nested.manifestDigest);
      assert.ok((await storedNames(home.paths)).includes(hexOf(image.manifestDigest)));
    }
    await using registry = await startScriptedRegistry(behindIndexes(image, 4));
    await using home = await imageHome();
    await failsWith(home.pull(`${registry.host}/lab/root:v1`), "image/unsupported", /nested more than 3 deep/);
  });
});

describe("29: content named by another algorithm", () => {
  const sha512 = `sha512:${"ab".repeat(64)}`;

  test("is refused by that name, wherever it stands", async () => {
    const inManifest = buildImage(layers, {
      changeManifest: manifest => (((manifest.layers as Carrier[])[1] as Carrier).digest = sha512),
    });
    const inConfig = buildImage(layers, {
      changeConfig: config => ((config.rootfs as { diff_ids: string[] }).diff_ids[0] = sha512),
    });
    const expected: Array<[BuiltImage, RegExp]> = [
      [inManifest, /names content by sha512 \(layers\.1\.digest\); only sha256/],
      [inConfig, /names content by sha512 \(rootfs\.diff_ids\.0\); only sha256/],
    ];
    for (const [image, message] of expected) {
      await using registry = await startScriptedRegistry(image);
      await using home = await imageHome();
      await failsWith(home.pull(`${registry.host}/lab/root:v1`), "image/unsupported", message);
    }
  });

  test("in an OCI layout too", async () => {
    await using home = await imageHome();
    const layout = join(home.paths.home, "layout");
    await mkdir(layout);
    await writeFile(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    await writeFile(join(layout, "index.json"), JSON.stringify({ manifests: [{ digest: sha512, size: 1 }] }));
    await failsWith(
      home.pull(await parseCommandSource(layout)),
      "image/unsupported",
      /index\.json of .* names content by sha512 \(manifests\.0\.digest\)/,
    );
  });
});

test("25: an image may have more layers than any storage driver could stack, and layers without members", async () => {
  const count = 200;
  const many = Array.from({ length: count }, (_, n) =>
    n % 10 === 9
      ? []
      : [
          { name: `l/${n}`, content: String(n) },
          { name: "last", content: "x".repeat(n) },
        ],
  );
  const image = buildImage([bootableMembers(), ...many]);
  await using registry = await startScriptedRegistry(image);
  await using home = await imageHome();
  await withPulledImage(home.options(`${registry.host}/lab/root:v1`), async pulled => {
    assert.equal(pulled.layers.length, count + 1);
    using merged = await mergeLayers(pulled.layers);
    const directory = lookUp(merged.tree, "/l")?.node;
    assert.ok(directory?.type === "directory");
    assert.equal(directory.children.size, count - count / 10);
    const last = lookUp(merged.tree, "/last")?.node;
    assert.ok(last?.type === "file");
    assert.equal(last.size, count - 2);
  });
});

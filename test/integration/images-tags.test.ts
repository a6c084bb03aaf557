import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { test } from "node:test";
import type { Problem } from "../../src/api/problems.ts";
import { blobFile, blobSize } from "../../src/images/blobs.ts";
import { digestOf } from "../../src/images/digest.ts";
import { resolveImage } from "../../src/images/resolve-image.ts";
import { imageHome } from "../fixtures/image-home.ts";
import { bootableMembers, buildImage, type BuiltImage } from "../fixtures/oci-image.ts";
import { type Script, type ScriptedRegistry, startScriptedRegistry } from "../fixtures/scripted-registry.ts";

/** What a tag means costs one request, and no pull where its document is here already. */

const image = buildImage([bootableMembers()]);
const moved = buildImage([[...bootableMembers(), { name: "etc/motd", content: "moved\n" }]]);

/** Method and last part of the path, of manifests only, since the last time. */
function askedForManifests({ requests }: ScriptedRegistry): string[] {
  return requests
    .splice(0)
    .filter(({ path }) => path.includes("/manifests/"))
    .map(({ method, path }) => `${method} ${path.split("/").at(-1)}`);
}

const isTag = (url: URL) => url.pathname.endsWith("/manifests/v1");

/** Gives the tag another meaning than its digest has, or says that it has another. */
const answerTag =
  (body: Buffer, headers: Record<string, string>): Script =>
  ({ incoming, response, url }) => {
    if (!isTag(url)) return false;
    response.writeHead(200, { ...headers, "content-length": body.length });
    response.end(incoming.method === "HEAD" ? undefined : body);
    return true;
  };

const manifestOf = ({ blobs, manifestDigest }: BuiltImage) => blobs.get(manifestDigest) as Buffer;

test("an unknown tag is pulled at once: no question before, no manifest twice", async () => {
  await using registry = await startScriptedRegistry(image);
  await using home = await imageHome();
  assert.equal(await home.pull(`${registry.host}/lab/root:v1`), image.manifestDigest);
  assert.deepEqual(askedForManifests(registry), ["GET v1"]);
  assert.equal(await blobSize(home.paths, image.manifestDigest), manifestOf(image).length);
});

test("a known tag is asked for without a pull, and only another digest is fetched", async () => {
  const served = { ...image };
  await using registry = await startScriptedRegistry(served);
  await using home = await imageHome();
  const name = `${registry.host}/lab/root:v1`;
  await home.pull(name);
  registry.requests.length = 0;
  assert.equal(await home.pull(name), image.manifestDigest);
  assert.deepEqual(askedForManifests(registry), ["HEAD v1"]);
  Object.assign(served, moved);
  assert.equal(await home.pull(name), moved.manifestDigest);
  assert.deepEqual(askedForManifests(registry), ["HEAD v1", `GET ${moved.manifestDigest}`]);
  // Known by name only: its document has to come again.
  await rm(blobFile(home.paths, moved.manifestDigest));
  assert.equal(await home.pull(name), moved.manifestDigest);
  assert.deepEqual(askedForManifests(registry), ["GET v1"]);
});

test("a registry that tells no digest by HEAD is asked for the document, once", async () => {
  await using registry = await startScriptedRegistry(image);
  await using home = await imageHome();
  const name = `${registry.host}/lab/root:v1`;
  await home.pull(name);
  registry.requests.length = 0;
  for (const bare of [image, moved]) {
    const tag = answerTag(manifestOf(bare), {});
    registry.script = exchange => {
      if (tag(exchange)) return true;
      const blob = bare.blobs.get(exchange.url.pathname.split("/").at(-1) as BuiltImage["manifestDigest"]);
      exchange.response.end(blob);
      return true;
    };
    assert.equal(await home.pull(name), bare.manifestDigest);
    assert.deepEqual(askedForManifests(registry), ["HEAD v1", "GET v1"]);
  }
});

test("bytes that are not what the registry says they are are refused, and a mirror's are asked for elsewhere", async () => {
  const lie = answerTag(manifestOf(moved), { "docker-content-digest": image.manifestDigest });
  await using liar = await startScriptedRegistry(image, lie);
  await using home = await imageHome();
  const isDamaged = (error: Problem) => {
    assert.equal(error.code, "image/damaged", error.stack);
    const { manifestDigest: found } = moved;
    assert.ok(error.message.includes(`a manifest of digest ${found} where ${image.manifestDigest}`), error.message);
    return true;
  };
  await assert.rejects(home.pull(`${liar.host}/lab/root:v1`), isDamaged);
  assert.deepEqual(askedForManifests(liar), ["GET v1"]);
  for (const { manifestDigest } of [image, moved]) assert.equal(await blobSize(home.paths, manifestDigest), undefined);

  await using upstream = await startScriptedRegistry(image);
  await using mirrored = await imageHome({ registries: { [upstream.host]: { mirrors: [liar.host] } } });
  assert.equal(await mirrored.pull(`${upstream.host}/lab/root:v1`), image.manifestDigest);
  assert.equal(liar.requests[0]?.method, "GET");
  assert.deepEqual(askedForManifests(upstream), ["GET v1"]);
});

test("the document of a tag is refused when it has no end", async () => {
  const body = Buffer.alloc(4 * 1024 * 1024 + 1, " ");
  await using registry = await startScriptedRegistry(
    image,
    answerTag(body, { "docker-content-digest": digestOf(body) }),
  );
  await using home = await imageHome();
  await assert.rejects(home.pull(`${registry.host}/lab/root:v1`), (error: Problem) => {
    assert.equal(error.code, "image/registry-failed", error.stack);
    assert.match(error.message, /is larger than 4194304 bytes/);
    return true;
  });
});

test("that an image is unknown is said before anybody is asked; of one that is here it is not said", async () => {
  await using registry = await startScriptedRegistry(image);
  await using home = await imageHome();
  const { source, ...options } = home.options(`${registry.host}/lab/root:v1`);
  const requestsBefore: number[] = [];
  const resolve = async () => {
    const onUnknown = () => requestsBefore.push(registry.requests.length);
    await using resolved = await resolveImage(source, { ...options, report: () => undefined, onUnknown });
    return resolved.image.digest;
  };
  assert.equal(await resolve(), image.manifestDigest);
  assert.equal(requestsBefore[0], 0);
  requestsBefore.length = 0;
  assert.equal(await resolve(), image.manifestDigest);
  assert.deepEqual(requestsBefore, []);
});

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { ContentFileJson } from "../../src/api/contract/content.ts";
import type { PlaygroundJson } from "../../src/api/contract/playgrounds.ts";
import { createLog } from "../../src/lib/log.ts";
import { buildServer } from "../../src/server/build-server.ts";
import { parseConfig } from "../../src/server/config.ts";
import { startTestServer, type TestPerson, type TestServer } from "../fixtures/test-server.ts";

const picture = Buffer.from("89504e470d0a1a0a00ff", "hex");
const md5 = (bytes: string | Buffer) => createHash("md5").update(bytes).digest("hex");

async function create(server: TestServer, access: object = {}): Promise<PlaygroundJson> {
  const lists = { canList: ["owner"], canRead: ["owner"], canStart: ["owner"], ...access };
  const body = { name: "lab", base: "flexbox", title: "A lab with files", accessControl: lists };
  const reply = await send(server, server.ann, "POST", "/api/playgrounds", body);
  assert.equal(reply.statusCode, 200, reply.body);
  return reply.json();
}

/** As the official client sends it: no Content-Type. */
const send = (
  server: TestServer,
  as: TestPerson | undefined,
  method: "GET" | "POST" | "PUT" | "DELETE",
  url: string,
  body?: object | Buffer,
) =>
  server.request({
    ...(as && { as }),
    method,
    url,
    ...(body && { payload: Buffer.isBuffer(body) ? body : JSON.stringify(body) }),
  });

async function upload(server: TestServer, name: string, file: string, bytes: Buffer) {
  const reply = await send(server, server.ann, "PUT", "/api/content/files", { kind: "playground", name, file });
  assert.equal(reply.statusCode, 200, reply.body);
  const { uploadUrl } = reply.json<{ uploadUrl: string }>();
  assert.ok(uploadUrl.startsWith("http://127.0.0.1:8765/api/"), uploadUrl);
  return send(server, undefined, "PUT", new URL(uploadUrl).pathname, bytes);
}

const list = async (server: TestServer, name: string) =>
  (await send(server, server.ann, "GET", `/api/content/v2/files?kind=playground&name=${name}`)).json<
    ContentFileJson[]
  >();

async function blobs(server: TestServer): Promise<number> {
  const folders = await readdir(server.contentDirectory).catch(() => []);
  const names = await Promise.all(folders.map(folder => readdir(join(server.contentDirectory, folder))));
  return names.flat().length;
}

test("files are uploaded, listed with their digests, replaced, downloaded and removed", async () => {
  await using server = await startTestServer();
  const { name } = await create(server);
  assert.deepEqual(await list(server, name), []);
  assert.equal((await upload(server, name, "__static__/cover.png", picture)).statusCode, 200);
  const note = { kind: "playground", name, file: "notes.md", content: "# Notes\n" };
  assert.equal((await send(server, server.ann, "PUT", "/api/content/markdown", note)).statusCode, 200);
  assert.deepEqual(await list(server, name), [
    { path: "__static__/cover.png", digest: md5(picture) },
    { path: "notes.md", digest: md5("# Notes\n") },
  ]);

  for (const prefix of ["", "/api"]) {
    const reply = await send(
      server,
      server.ann,
      "GET",
      `${prefix}/content/files/playgrounds/${name}/__static__/cover.png`,
    );
    assert.equal(reply.statusCode, 200);
    assert.ok(reply.rawPayload.equals(picture));
    assert.equal(reply.headers["content-type"], "image/png");
  }

  // The bytes look like JSON and are a file all the same; nothing of the old one is left.
  assert.equal((await upload(server, name, "__static__/cover.png", Buffer.from("{"))).statusCode, 200);
  assert.equal((await list(server, name))[0]?.digest, md5("{"));
  assert.equal(await blobs(server), 2);
  assert.equal((await upload(server, name, "empty", Buffer.alloc(0))).statusCode, 200);
  assert.equal((await list(server, name)).find(({ path }) => path === "empty")?.digest, md5(""));

  const removal = `/api/content/files?kind=playground&name=${name}&file=notes.md`;
  assert.equal((await send(server, server.ann, "DELETE", removal)).statusCode, 200);
  assert.equal((await send(server, server.ann, "DELETE", removal)).statusCode, 404);
  assert.equal((await send(server, server.ann, "DELETE", `/api/playgrounds/${name}`)).statusCode, 200);
  assert.equal(await blobs(server), 0);
  assert.deepEqual(await server.database.selectFrom("content_files").selectAll().execute(), []);
});

test("an upload address works again after a failed attempt, and no longer than ten minutes", async () => {
  await using server = await startTestServer();
  const { name } = await create(server);
  const body = { kind: "playground", name, file: "a" };
  const reply = await send(server, server.ann, "PUT", "/api/content/files", body);
  const { pathname } = new URL(reply.json<{ uploadUrl: string }>().uploadUrl);
  assert.equal((await send(server, undefined, "PUT", pathname, Buffer.from("1"))).statusCode, 200);
  assert.equal((await send(server, undefined, "PUT", pathname, Buffer.from("2"))).statusCode, 200);
  server.advance(10 * 60_000 + 1);
  assert.equal((await send(server, undefined, "PUT", pathname, Buffer.from("3"))).statusCode, 403);
  assert.equal((await list(server, name))[0]?.digest, md5("2"));
});

test("only the owner lists, writes and removes; __static__ is for readers, a cover for whoever sees the card", async () => {
  await using server = await startTestServer();
  const { name } = await create(server, { canList: ["anyone"], canRead: ["owner", "user:bob"] });
  await upload(server, name, "__static__/cover.png", picture);
  await upload(server, name, "__static__/other.png", picture);
  await upload(server, name, "solution.sh", Buffer.from("rm -rf /"));
  const query = `kind=playground&name=${name}`;
  const file = { kind: "playground", name, file: "x" };
  for (const [as, status] of [
    [server.bob, 403],
    [undefined, 401],
  ] as const) {
    const refused = [
      send(server, as, "GET", `/api/content/v2/files?${query}`),
      send(server, as, "PUT", "/api/content/files", file),
      send(server, as, "PUT", "/api/content/markdown", { ...file, content: "x" }),
      send(server, as, "DELETE", `/api/content/files?${query}&file=solution.sh`),
    ];
    for (const reply of await Promise.all(refused)) {
      assert.equal(reply.statusCode, status, reply.body);
      assert.equal(typeof reply.json<{ error: string }>().error, "string");
    }
  }

  const status = async (as: TestPerson | undefined, path: string) =>
    (await send(server, as, "GET", `/content/files/playgrounds/${name}/${path}`)).statusCode;
  assert.equal(await status(server.bob, "__static__/other.png"), 200);
  assert.equal(await status(server.bob, "solution.sh"), 404);
  assert.equal(await status(server.ann, "solution.sh"), 200);
  assert.equal(await status(undefined, "__static__/cover.png"), 404);

  const dump = (await send(server, server.ann, "GET", `/api/playgrounds/${name}?format=extended`)).json<object>();
  const cover = `/content/files/playgrounds/${name}/__static__/cover.png`;
  const updated = await send(server, server.ann, "PUT", `/api/playgrounds/${name}`, { ...dump, cover });
  assert.equal(updated.json<PlaygroundJson>().cover, cover, updated.body);
  assert.equal(await status(undefined, "__static__/cover.png"), 200);
  assert.equal(await status(undefined, "__static__/other.png"), 404);
});

test("whatever an author uploads does nothing on the app's origin", async () => {
  await using server = await startTestServer();
  const { name } = await create(server);
  const attacks = ["evil.html", "evil.svg", "evil.xhtml", "evil.js", "evil", "index.html.png", 'a"b\u00fc.html'];
  for (const file of attacks) {
    await upload(server, name, `__static__/${file}`, Buffer.from("<script>alert(document.domain)</script>"));
    const url = `/content/files/playgrounds/${name}/__static__/${encodeURIComponent(file)}`;
    const { headers, statusCode } = await send(server, server.ann, "GET", url);
    assert.equal(statusCode, 200, file);
    assert.match(String(headers["content-security-policy"]), /^default-src 'none';.* sandbox;/);
    assert.doesNotMatch(String(headers["content-security-policy"]), /allow-scripts|script-src/);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.match(String(headers["content-type"]), /^(application\/octet-stream|image\/png|image\/svg\+xml)$/, file);
    const isPicture = file.endsWith(".png");
    assert.match(String(headers["content-disposition"]), isPicture ? /^inline$/ : /^attachment; filename\*=UTF-8''/);
    const again = await server.request({
      as: server.ann,
      method: "GET",
      url,
      headers: { "if-none-match": String(headers.etag) },
    });
    assert.equal(again.statusCode, 304);
    assert.match(String(again.headers["content-security-policy"]), /sandbox/);
  }
});

test("paths are names, never places: what could be one is refused", async () => {
  await using server = await startTestServer();
  const { name } = await create(server);
  const bad = [
    "../../etc/passwd",
    "/etc/passwd",
    "a//b",
    "a/./b",
    "a/../b",
    "a\\b",
    "a\0b",
    "a\nb",
    "x".repeat(256),
    "a/".repeat(10) + "b",
    "\u202egnp.exe",
    "index.md",
    "manifest.yaml",
    "manifest.yml",
  ];
  for (const file of bad) {
    for (const path of ["/api/content/files", "/api/content/markdown"]) {
      const reply = await send(server, server.ann, "PUT", path, { kind: "playground", name, file, content: "x" });
      assert.equal(reply.statusCode, 400, file);
      assert.equal(reply.json<{ code: string }>().code, "content/path-invalid");
    }
  }
  assert.equal(await blobs(server), 0);
  const traversal = await send(
    server,
    server.ann,
    "GET",
    `/content/files/playgrounds/${name}/..%2f..%2f..%2fdb.sqlite`,
  );
  assert.equal(traversal.statusCode, 404);
  const tutorial = { kind: "tutorial", name, file: "a", content: "" };
  assert.match((await send(server, server.ann, "PUT", "/api/content/markdown", tutorial)).body, /kind \\"tutorial\\"/);
});

test("sizes are bounded, and a refused file leaves nothing behind", async () => {
  await using server = await startTestServer("content: {fileMiB: 1, playgroundMiB: 2}");
  const { name } = await create(server);
  const mebibyte = Buffer.alloc(1024 * 1024, 1);
  const tooLarge = await upload(server, name, "a", Buffer.concat([mebibyte, Buffer.from("1")]));
  assert.equal(tooLarge.statusCode, 413);
  assert.equal(tooLarge.json<{ code: string }>().code, "content/file-too-large");
  assert.equal((await upload(server, name, "a", mebibyte)).statusCode, 200);
  assert.equal((await upload(server, name, "b", mebibyte)).statusCode, 200);
  const tooMuch = await upload(server, name, "c", Buffer.from("1"));
  assert.equal(tooMuch.statusCode, 409);
  assert.equal(tooMuch.json<{ code: string }>().code, "content/too-much");
  // In the place of another one there is room.
  assert.equal((await upload(server, name, "b", mebibyte)).statusCode, 200);
  assert.deepEqual(
    (await list(server, name)).map(({ path }) => path),
    ["a", "b"],
  );
  assert.equal(await blobs(server), 2);
});

test("parallel uploads of one path leave one file, whole", async () => {
  await using server = await startTestServer();
  const { name } = await create(server);
  const contents = Array.from({ length: 7 }, (_, index) => Buffer.alloc(50_000, index));
  await Promise.all(contents.map(bytes => upload(server, name, "a", bytes)));
  const [file] = await list(server, name);
  assert.ok(contents.some(bytes => md5(bytes) === file?.digest));
  assert.equal(await blobs(server), 1);
  const shown = await send(server, server.ann, "GET", `/content/files/playgrounds/${name}/a`);
  assert.equal(md5(shown.rawPayload), file?.digest);
});

test("a starting server removes what a killed one left, and keeps the rest", async () => {
  await using server = await startTestServer();
  const { name, id } = await create(server);
  await upload(server, name, "a", Buffer.from("kept"));
  await writeFile(join(server.contentDirectory, id, "half.part"), "x");
  await writeFile(join(server.contentDirectory, id, "0123"), "x");
  await mkdir(join(server.contentDirectory, "removed-playground"));
  await writeFile(join(server.contentDirectory, "removed-playground", "blob"), "x");
  const { app } = await buildServer({
    config: parseConfig(""),
    plays: server.plays,
    database: server.database,
    log: createLog("test", "silent"),
    contentDirectory: server.contentDirectory,
    webDirectory: "/nonexistent",
  });
  await app.close();
  assert.equal(await blobs(server), 1);
  assert.deepEqual(await readdir(server.contentDirectory), [id]);
  const kept = await send(server, server.ann, "GET", `/content/files/playgrounds/${name}/a`);
  assert.equal(kept.body, "kept");
});

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createClient } from "../../src/api/client.ts";
import { createLog } from "../../src/lib/log.ts";
import { readConfig } from "../../src/server/config.ts";
import { readClientFile } from "../../src/server/local-client.ts";
import { serve } from "../../src/server/serve.ts";
import { findRunningServer } from "../../src/server/server-lock.ts";
import { clientFile, configFile, databaseFile, resolvePaths, serverRecordFile } from "../../src/store/paths.ts";
import { FakePlays } from "../fixtures/fake-plays.ts";

const root = await mkdtemp(join(tmpdir(), "labyard-serve-"));
after(() => rm(root, { recursive: true }));

let homes = 0;
async function home(config = "listen: {port: 0}") {
  const paths = resolvePaths({ LABYARD_HOME: join(root, `home${homes++}`) }, 1000);
  const { mkdir } = await import("node:fs/promises");
  await mkdir(paths.home, { recursive: true });
  await writeFile(configFile(paths), config);
  return { paths, config: await readConfig(paths), plays: new FakePlays(), log: createLog("test", "silent") };
}

test("a server starts on an empty home, finds its plays and leaves credentials for the local CLI", async () => {
  const options = await home();
  {
    await using server = await serve(options);
    assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.match(server.loginUrl, /\/login\?code=.{40}/);
    assert.deepEqual(options.plays.calls, ["recover"]);
    for (const file of [clientFile(options.paths), databaseFile(options.paths), serverRecordFile(options.paths)]) {
      assert.equal((await stat(file)).mode & 0o777, 0o600, file);
    }
    const credentials = await readClientFile(options.paths);
    assert.equal(credentials?.endpoint, server.url);
    const client = createClient({ endpoint: server.url, credentials });
    assert.equal((await client.me()).administrator, true);
    assert.equal((await findRunningServer(options.paths))?.url, server.url);
    const { url } = await client.createLoginCode();
    assert.ok(url.startsWith(server.url));
    const play = await client.createPlay({ playground: "flexbox" });
    options.plays.becomeReady(play.id);
  }
  assert.equal(await findRunningServer(options.paths), undefined);
  assert.ok(!options.plays.calls.some(call => call.startsWith("stop")), "plays outlive their server");

  // The next server: same credentials, same plays, another port.
  const before = await readClientFile(options.paths);
  await using again = await serve(options);
  const now = await readClientFile(options.paths);
  assert.equal(now?.accessToken, before?.accessToken);
  assert.equal(now?.endpoint, again.url);
  const client = createClient({ endpoint: again.url, credentials: now });
  assert.equal((await client.listPlays()).length, 1);
});

test("one home has one server", async () => {
  const options = await home();
  await using server = await serve(options);
  await assert.rejects(serve(options), (error: Error & { code?: string }) => {
    assert.equal(error.code, "server/already-running");
    assert.ok(error.message.includes(server.url) && error.message.includes(String(process.pid)));
    return true;
  });
  const client = createClient({ endpoint: server.url });
  assert.equal((await client.health()).status, "ok");
});

test("a taken port is told, and nothing stays behind", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise(resolve => taken.once("listening", resolve));
  const { port } = taken.address() as AddressInfo;
  const options = await home(`listen: {port: ${port}}`);
  await assert.rejects(serve(options), { code: "server/listen-failed" });
  await assert.rejects(stat(serverRecordFile(options.paths)));
  await new Promise(resolve => taken.close(resolve));
  await using server = await serve(options);
  assert.ok(server.url.endsWith(`:${port}`));
});

test("a record left by a killed server stops nobody", async () => {
  const options = await home();
  await writeFile(
    serverRecordFile(options.paths),
    JSON.stringify({ pid: 1, url: "http://127.0.0.1:9", instance: "x" }),
  );
  await writeFile(clientFile(options.paths), "{half");
  assert.equal(await findRunningServer(options.paths), undefined);
  await using server = await serve(options);
  assert.equal(JSON.parse(await readFile(serverRecordFile(options.paths), "utf8")).url, server.url);
});

test("nobody answering is a problem with a hint", async () => {
  const client = createClient({ endpoint: "http://127.0.0.1:9" });
  await assert.rejects(client.health(), {
    code: "server/unreachable",
    message: /No Labyard server answers at http:\/\/127/,
  });
});

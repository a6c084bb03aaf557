import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { probeProtocol } from "../../src/access/probe-protocol.ts";

const servers: Server[] = [];
let directory: string;
before(() => {
  directory = mkdtempSync(join(tmpdir(), "labyard-probe-"));
  const files = ["-keyout", join(directory, "key"), "-out", join(directory, "cert")];
  execFileSync(
    "openssl",
    ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=app", "-days", "2", ...files],
    {
      stdio: "ignore",
    },
  );
});
after(() => {
  for (const server of servers) server.close();
  rmSync(directory, { recursive: true });
});

async function probe(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const open = async () => connect({ host: "127.0.0.1", port });
  return probeProtocol(open, "app", AbortSignal.timeout(30_000));
}

test("HTTP over TLS, also when the server complains about plain HTTP in HTTP", async () => {
  const key = readFileSync(join(directory, "key"));
  const cert = readFileSync(join(directory, "cert"));
  assert.equal(await probe(createHttpsServer({ key, cert }, (_request, response) => void response.end("x"))), "HTTPS");
});

test("plain HTTP, also when it answers with an error", async () => {
  assert.equal(await probe(createHttpServer((_request, response) => void response.writeHead(405).end())), "HTTP");
});

test("a greeting of another protocol, silence and a closed door are no HTTP", async () => {
  const greeting = createServer(socket => {
    socket.on("error", () => {});
    socket.resume();
    socket.write("SSH-2.0-OpenSSH_9.2\r\n");
  });
  const door = createServer(socket => void socket.on("error", () => {}).destroy());
  const flood = createServer(socket => {
    socket.on("error", () => {});
    const more = () => {
      while (!socket.destroyed && socket.write("x".repeat(65536)));
    };
    socket.resume();
    socket.on("drain", more);
    more();
  });
  assert.deepEqual(await Promise.all([probe(greeting), probe(door), probe(flood)]), ["TCP", "TCP", "TCP"]);
});

test("nothing answers: the probe gives up when it is told to", async () => {
  const silent = createServer(socket => void socket.on("error", () => {}).resume());
  servers.push(silent);
  await new Promise<void>(resolve => silent.listen(0, "127.0.0.1", resolve));
  const { port } = silent.address() as AddressInfo;
  const open = async () => connect({ host: "127.0.0.1", port });
  assert.equal(await probeProtocol(open, "app", AbortSignal.timeout(300)), "TCP");
});

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer as createHttpServer, type IncomingHttpHeaders, type Server as HttpServer } from "node:http";
import { request } from "node:https";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Problem } from "../../api/problems.ts";
import { openLocalAuthority } from "../../host/certificates/local-authority.ts";
import { createRegistryFront, type RegistryFrontOptions } from "./registry-front.ts";

interface Answer {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

let directory: string;
let ca: string;
let identity: Pick<RegistryFrontOptions, "certificatePem" | "privateKeyPem">;
let backend: HttpServer;
let backendPort: number;
/** What the registry behind the front was asked. */
const asked: Array<{ line: string; headers: IncomingHttpHeaders; body: string }> = [];
let connections = 0;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "labyard-front-"));
  const authority = await openLocalAuthority({
    certificate: join(directory, "ca.pem"),
    key: join(directory, "ca.key"),
  });
  ca = authority.certificatePem;
  identity = await authority.issue({ dnsNames: ["registry.iximiuz.com"] });
  backend = createHttpServer((incoming, response) => {
    let body = "";
    incoming.on("data", chunk => (body += chunk));
    incoming.on("end", () => {
      asked.push({ line: `${incoming.method} ${incoming.url}`, headers: incoming.headers, body });
      response.writeHead(202, { "x-answer": "yes" }).end("done");
    });
    incoming.on("error", () => {});
  });
  await new Promise<void>(resolve => backend.listen(0, "127.0.0.1", resolve));
  backendPort = (backend.address() as AddressInfo).port;
});
after(async () => {
  backend.close();
  backend.closeAllConnections();
  await rm(directory, { recursive: true });
});

/** A front that listens, as the listener of a play would feed it. */
async function openFront(options: Partial<RegistryFrontOptions> = {}): Promise<Disposable & { port: number }> {
  const front = createRegistryFront({
    ...identity,
    auth: undefined,
    stored: { reserve: async () => true },
    backend: {
      connect: async () => {
        connections += 1;
        return connect(backendPort, "127.0.0.1");
      },
    },
    ...options,
  });
  const listener: Server = createServer({ pauseOnConnect: true }, socket => front.emit("connection", socket));
  await new Promise<void>(resolve => listener.listen(0, "127.0.0.1", resolve));
  return { port: (listener.address() as AddressInfo).port, [Symbol.dispose]: () => void listener.close() };
}

function send(
  port: number,
  method: string,
  path: string,
  { headers = {}, chunks = [] as string[] }: { headers?: Record<string, string>; chunks?: string[] } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: "127.0.0.1", port, servername: "registry.iximiuz.com", ca, method, path, headers, agent: false },
      response => {
        let body = "";
        response.on("data", chunk => (body += chunk));
        response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body }));
      },
    );
    outgoing.on("error", reject);
    for (const chunk of chunks) outgoing.write(chunk);
    outgoing.end();
  });
}

const login = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });

test("requests pass with what the registry needs to know, and without what is not its business", async () => {
  using front = await openFront({ auth: "a:b" });
  asked.length = 0;
  const answer = await send(front.port, "PATCH", "/v2/x/blobs/uploads/1?_state=s", {
    headers: { ...login("a:b"), host: "registry.iximiuz.com", "x-forwarded-host": "evil", forwarded: "host=evil" },
    chunks: ["one", "two"],
  });
  assert.deepEqual([answer.status, answer.headers["x-answer"], answer.body], [202, "yes", "done"]);
  const [{ line, headers, body } = assert.fail()] = asked;
  assert.equal(line, "PATCH /v2/x/blobs/uploads/1?_state=s");
  assert.equal(body, "onetwo");
  assert.equal(headers.host, "registry.iximiuz.com");
  assert.equal(headers["x-forwarded-proto"], "https");
  for (const name of ["authorization", "x-forwarded-host", "forwarded"]) assert.equal(headers[name], undefined, name);
});

test("who does not log in wakes nobody up", async () => {
  using front = await openFront({ auth: "a:b" });
  connections = 0;
  for (const headers of [{}, login("a:c"), login("b:a")]) {
    const answer = await send(front.port, "GET", "/v2/", { headers });
    assert.equal(answer.status, 401);
    assert.match(answer.headers["www-authenticate"] ?? "", /^Basic realm=/);
    assert.equal(JSON.parse(answer.body).errors[0].code, "UNAUTHORIZED");
  }
  assert.equal((await send(front.port, "GET", "/", { headers: login("a:b") })).status, 404);
  assert.equal((await send(front.port, "GET", "/debug/vars", { headers: login("a:b") })).status, 404);
  assert.equal(connections, 0);
});

test("what does not fit is refused, announced or not", async () => {
  let room = 100_000;
  const reserve = async (bytes: number) => bytes <= room && ((room -= bytes), true);
  using front = await openFront({ stored: { reserve } });
  asked.length = 0;
  assert.equal((await send(front.port, "GET", "/v2/")).status, 202);
  const path = "/v2/x/blobs/uploads/1";
  assert.equal((await send(front.port, "PUT", path, { chunks: ["fits"] })).status, 202);
  const announced = await send(front.port, "PUT", path, {
    headers: { "content-length": "90000" },
    chunks: ["x".repeat(90_000)],
  });
  assert.equal(announced.status, 413);
  assert.match(announced.body, /"DENIED".*is full/);
  const streamed = await send(front.port, "PATCH", path, { chunks: ["x".repeat(60_000), "x".repeat(60_000)] });
  assert.equal(streamed.status, 413);
  assert.equal((await send(front.port, "GET", "/v2/")).status, 202, "what is there can still be pulled");
  assert.ok(asked.every(({ body }) => body.length < 10));
});

test("a registry that does not come up is told as such", async () => {
  const connectFails = async () => {
    throw new Problem("access/registry-failed", { message: "no docker-registry here" });
  };
  using front = await openFront({ backend: { connect: connectFails } });
  const answer = await send(front.port, "GET", "/v2/");
  assert.equal(answer.status, 503);
  assert.match(answer.body, /no docker-registry here/);
});

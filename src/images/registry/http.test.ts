import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { discardBody, readBody, send } from "./http.ts";
import { Transport } from "./transport.ts";

const bytes = randomBytes(4 * 2 ** 20);

async function serve(listener: RequestListener) {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  let connections = 0;
  server.on("connection", () => connections++);
  return {
    connections: () => connections,
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

for (const [how, headers] of [
  ["of a known length", { "content-length": bytes.length }],
  ["in chunks", {}],
] as const) {
  test(`a long answer ${how} arrives whole, also over a connection that is used again`, async () => {
    await using server = await serve((_request, response) => response.writeHead(200, headers).end(bytes));
    const transport = new Transport();
    for (let turn = 0; turn < 3; turn++) {
      const response = await send({ method: "GET", url: server.url, headers: {}, transport });
      // The memory of the connection is released while the body waits; what it holds must not suffer.
      await new Promise(resolve => setTimeout(resolve, 20));
      assert.ok((await readBody(response, bytes.length, "the answer")).equals(bytes));
    }
  });
}

test("answers that nobody reads leave their connection to the next request, redirects too", async () => {
  await using server = await serve((request, response) => {
    if (request.url === "/moved") response.writeHead(307, { location: "/here" }).end("it is elsewhere");
    else if (request.url === "/denied") response.writeHead(401).end("who are you?");
    else response.writeHead(200, { "content-length": 4 }).end("here");
  });
  const transport = new Transport();
  const ask = (method: "GET" | "HEAD", path: string) =>
    send({ method, url: new URL(path, server.url), headers: {}, transport });
  await discardBody(await ask("HEAD", "/here"));
  await discardBody(await ask("GET", "/denied"));
  assert.equal(String(await readBody(await ask("GET", "/moved"), 10, "the answer")), "here");
  assert.equal(server.connections(), 1);
});

test("an unwanted answer that does not end costs its connection and no more", async () => {
  await using server = await serve((request, response) => {
    if (request.url === "/here") return response.end("here");
    response.writeHead(302, { location: "/here" });
    const more = () => {
      while (!response.destroyed && response.write(bytes));
      response.once("drain", more);
    };
    return more();
  });
  const response = await send({ method: "GET", url: server.url, headers: {}, transport: new Transport() });
  assert.equal(String(await readBody(response, 10, "the answer")), "here");
  assert.equal(server.connections(), 2);
});

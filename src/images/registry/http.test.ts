import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { readBody, send } from "./http.ts";
import { Transport } from "./transport.ts";

const bytes = randomBytes(4 * 2 ** 20);

async function serve(listener: RequestListener) {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
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

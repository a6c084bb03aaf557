import assert from "node:assert/strict";
import { createServer, type Server } from "node:net";
import { after, before, test } from "node:test";
import type { InterfacePlan } from "../plan/plan.ts";
import { createDialer, machineAddresses } from "./dial.ts";

const nic = (network: string, address: string): InterfacePlan => ({
  ...{ name: "eth0", network, bridge: "br0", tap: "m0e0", mac: "02:00:00:00:00:01", address, prefixLength: 24 },
});
const machines = [
  { name: "web-01", interfaces: [nic("front", "127.0.0.1"), nic("back", "127.0.0.2")], mainAddress: "127.0.0.1" },
  { name: "db-01", interfaces: [nic("back", "127.0.0.3")], mainAddress: "127.0.0.3" },
];

let server: Server;
let port: number;

before(async () => {
  // Says everything it has heard once the other side has finished.
  server = createServer({ allowHalfOpen: true }, socket => {
    let heard = "";
    socket.on("data", chunk => (heard += chunk));
    socket.on("end", () => socket.end(`heard ${heard}`));
  });
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  port = typeof address === "object" && address ? address.port : 0;
});
after(() => server.close());

test("machines are known by name, by name and network, and by address", () => {
  const known = machineAddresses(machines);
  assert.deepEqual(
    [...known].map(([name, { address }]) => [name, address]),
    [
      ["web-01", "127.0.0.1"],
      ["web-01.front", "127.0.0.1"],
      ["127.0.0.1", "127.0.0.1"],
      ["web-01.back", "127.0.0.2"],
      ["127.0.0.2", "127.0.0.2"],
      ["db-01", "127.0.0.3"],
      ["db-01.back", "127.0.0.3"],
      ["127.0.0.3", "127.0.0.3"],
    ],
  );
});

test("each direction of the stream ends by itself", async () => {
  const stream = await createDialer(machines)({ host: "web-01.front", port });
  stream.end("hello");
  let answer = "";
  for await (const chunk of stream) answer += chunk;
  assert.equal(answer, "heard hello");
});

test("only the play's machines can be reached", async () => {
  const dial = createDialer(machines);
  for (const host of ["localhost", "127.0.0.4", "example.com", "web-01.", "__proto__", "0x7f.1"]) {
    await assert.rejects(dial({ host, port }), { code: "access/machine-unknown" }, host);
  }
  for (const bad of [0, 65536, 1.5, Number.NaN]) {
    await assert.rejects(dial({ host: "web-01", port: bad }), { code: "access/port-invalid" }, String(bad));
  }
});

test("a closed port is refused, with machine, port and address", async () => {
  await assert.rejects(createDialer(machines)({ host: "db-01", port }), {
    code: "access/port-refused",
    message: `db-01:${port} (127.0.0.3) refused the connection`,
  });
});

test("an aborted dial rejects with the reason and leaves no socket", async () => {
  await assert.rejects(
    createDialer(machines)({ host: "web-01", port, signal: AbortSignal.abort(new Error("gone")) }),
    /gone/,
  );
});

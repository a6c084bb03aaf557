import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTunnelPayload } from "./tunnel-payload.ts";

const parse = (payload: string) => parseTunnelPayload(Buffer.from(payload).toString("base64"));

test("what the official client sends is understood", () => {
  assert.deepEqual(parse(":22"), { kind: "dial", host: "", port: 22 });
  assert.deepEqual(parse("db-01:5432"), { kind: "dial", host: "db-01", port: 5432 });
  assert.deepEqual(parse(" DB-01.Local:5432\r\n"), { kind: "dial", host: "db-01.local", port: 5432 });
  assert.deepEqual(parse("dial:127.0.0.1:80"), { kind: "dial", host: "127.0.0.1", port: 80 });
  assert.deepEqual(parse("[::1]:80"), { kind: "dial", host: "::1", port: 80 });
  assert.deepEqual(parse("listen:0.0.0.0:9000"), { kind: "listen", host: "0.0.0.0", port: 9000 });
  assert.deepEqual(parse("listen::9000"), { kind: "listen", host: "0.0.0.0", port: 9000 });
  const connectionId = "0123456789abcdef0123456789abcdef";
  assert.deepEqual(parse(`connect:${connectionId}`), { kind: "connect", connectionId });
  // As a proxy in between may spell it.
  assert.deepEqual(parseTunnelPayload("OjIyMjI%3D"), { kind: "dial", host: "", port: 2222 });
});

test("anything else is refused", () => {
  for (const payload of [
    "",
    "22",
    ":",
    ":0",
    ":65536",
    ":-1",
    ":1e3",
    "a b:1",
    "-oProxyCommand:22",
    "a\nb:22",
    "::1:80",
    "[nonsense]:80",
    "a/b:80",
    "é:80",
    `${"a".repeat(254)}:80`,
    "listen:80",
    "connect:",
    "connect:../../etc",
    "unix:/var/run/docker.sock",
    "udp:host:53",
  ]) {
    assert.throws(() => parse(payload), { code: "access/tunnel-payload" }, JSON.stringify(payload));
  }
  for (const encoded of ["", "OjIy=", "OjI", "O", "%", "%zz", "OjIy\n", "..", "A".repeat(600)]) {
    assert.throws(() => parseTunnelPayload(encoded), { code: "access/tunnel-payload" }, encoded);
  }
});

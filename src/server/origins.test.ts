import assert from "node:assert/strict";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { test } from "node:test";
import { parseConfig } from "./config.ts";
import { Origins } from "./origins.ts";

function requestTo(host: string): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  request.headers.host = host;
  return request;
}

test("on a laptop the app answers under the loopback names, ports under *.localhost", () => {
  const origins = new Origins(parseConfig("listen: {port: 0}"));
  origins.setPort(4321);
  assert.equal(origins.appUrl, "http://127.0.0.1:4321");
  assert.equal(origins.appUrlFor(requestTo("localhost:4321")), "http://localhost:4321");
  assert.equal(origins.appUrlFor(requestTo("evil.example")), "http://127.0.0.1:4321");
  assert.equal(origins.portUrl("abc-123456"), "http://abc-123456.localhost:4321");
  assert.equal(origins.portLabelOf("ABC-123456.localhost:4321"), "abc-123456");
  assert.equal(origins.portLabelOf("localhost:4321"), undefined);
  assert.equal(origins.portLabelOf("a.b.localhost"), undefined);
  assert.equal(origins.portLabelOf("abc.localhost.evil.example"), undefined);
  assert.equal(origins.portLabelOf(undefined), undefined);
});

test("only pages of the very address in use are ours", () => {
  const origins = new Origins(parseConfig(""));
  const request = requestTo("127.0.0.1:8765");
  assert.equal(origins.isAppOrigin("http://127.0.0.1:8765", request), true);
  for (const other of [
    "http://localhost:8765",
    "https://127.0.0.1:8765",
    "http://127.0.0.1:1",
    "null",
    "http://x.localhost:8765",
  ]) {
    assert.equal(origins.isAppOrigin(other, request), false, other);
  }
});

test("over TLS the app is another origin, and tunnels always lead there", () => {
  const origins = new Origins(parseConfig("listen: {tls: {names: [labs.lan]}}"), ["laptop"]);
  const secure = requestTo("localhost:8443");
  Object.assign(secure.socket, { encrypted: true });
  assert.equal(origins.tunnelOriginFor(requestTo("localhost:8765")), "http://localhost:8765", "without TLS");
  origins.setTlsPort(8443);
  assert.equal(origins.tlsUrl, "https://127.0.0.1:8443");
  assert.equal(origins.appUrlFor(secure), "https://localhost:8443");
  assert.equal(origins.isAppOrigin("https://localhost:8443", secure), true);
  assert.equal(origins.isAppOrigin("http://localhost:8765", secure), false);
  assert.equal(origins.tunnelOriginFor(secure), "https://localhost:8443");
  assert.equal(origins.tunnelOriginFor(requestTo("localhost:8765")), "https://localhost:8443");
  assert.equal(origins.appUrlFor(requestTo("laptop:8765")), "http://laptop:8765");
  assert.equal(origins.isAppHost("labs.lan:8443"), true);
  assert.equal(origins.isAppHost("other.lan:8443"), false);
});

test("behind a reverse proxy the public address counts", () => {
  const origins = new Origins(parseConfig("publicUrl: https://labs.example.com\nportsDomain: labs-ports.net"));
  assert.equal(origins.appUrlFor(requestTo("127.0.0.1:8765")), "https://labs.example.com");
  assert.equal(origins.isAppHost("labs.example.com"), true);
  assert.equal(origins.isAppHost("labs.example.com:444"), false);
  assert.equal(origins.portUrl("x-1"), "https://x-1.labs-ports.net");
});

test("a server on all addresses still names one", () => {
  assert.equal(new Origins(parseConfig("listen: {host: '0.0.0.0'}")).appUrl, "http://127.0.0.1:8765");
  assert.equal(new Origins(parseConfig("listen: {host: '::1'}")).appUrl, "http://[::1]:8765");
});

import assert from "node:assert/strict";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { test } from "node:test";
import { headersForApp, headersForVisitor, rewritePath } from "./proxy-headers.ts";

function message(headers: Record<string, string | string[]>): IncomingMessage {
  const incoming = new IncomingMessage(new Socket());
  // The parser fills these; outside of a connection they are filled here.
  incoming.headersDistinct = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat()]));
  for (const [name, value] of Object.entries(headers)) incoming.headers[name] = [value].flat().join(", ");
  return incoming;
}

const toApp = {
  hostRewrite: undefined,
  visitor: "10.0.0.1",
  scheme: "http",
  dropAuthorization: false,
  isUpgrade: false,
} as const;

test("headers of one connection are not passed on, named ones included", () => {
  const headers = headersForApp(
    message({
      host: "h",
      connection: "keep-alive, x-hop",
      "x-hop": "1",
      te: "trailers",
      "transfer-encoding": "chunked",
      accept: "a",
    }),
    toApp,
  );
  assert.deepEqual(Object.keys(headers).sort(), [
    "accept",
    "host",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
  ]);
});

test("a visitor cannot forge where the request came from", () => {
  const headers = headersForApp(
    message({ host: "h:1", "x-forwarded-host": "bank", forwarded: "for=1", "x-real-ip": "1" }),
    toApp,
  );
  assert.equal(headers["x-forwarded-host"], "h:1");
  assert.equal(headers.forwarded, undefined);
  assert.equal(headers["x-real-ip"], undefined);
});

test("cookies of the platform stay outside, others keep their values", () => {
  const cookie = "a=1; labyard_session_8765=s; __Host-labyard_session=t; labyard_port=u; b=x=y";
  assert.equal(headersForApp(message({ host: "h", cookie }), toApp).cookie, "a=1; b=x=y");
  assert.equal(headersForApp(message({ host: "h", cookie: "labyard_port=u" }), toApp).cookie, undefined);
});

test("an upgrade keeps what makes it one", () => {
  const headers = headersForApp(message({ host: "h", connection: "Upgrade", upgrade: "websocket" }), {
    ...toApp,
    isUpgrade: true,
  });
  assert.equal(headers.connection, "Upgrade");
  assert.equal(headers.upgrade, "websocket");
});

test("an app's cookies cannot leave its host, nor pass for ours", () => {
  const headers = headersForVisitor(
    message({ "set-cookie": ["a=1; domain = .localhost ; Secure", "labyard_port=forged; Path=/", "b=2"] }),
    { hostRewrite: undefined, origin: "http://x.localhost" },
  );
  assert.deepEqual(headers["set-cookie"], ["a=1; Secure", "b=2"]);
});

test("redirects to the rewritten host lead back, others are left alone", () => {
  const redirect = (location: string) =>
    headersForVisitor(message({ location }), { hostRewrite: "app.internal", origin: "http://x.localhost:1" }).location;
  assert.equal(redirect("https://app.internal:8443/a?b#c"), "http://x.localhost:1/a?b#c");
  assert.equal(redirect("/relative"), "/relative");
  assert.equal(redirect("https://elsewhere.example/"), "https://elsewhere.example/");
});

test("a path prefix is joined without doubling slashes", () => {
  assert.equal(rewritePath("/a?b", undefined), "/a?b");
  assert.equal(rewritePath("/a?b", "/base"), "/base/a?b");
  assert.equal(rewritePath("/", "/base/"), "/base/");
  assert.equal(rewritePath("/a", "/"), "/a");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseChallenges } from "./challenge.ts";
import { retryAfterMs } from "./http.ts";

const plain = (header: string) => parseChallenges(header).map(({ scheme, parameters }) => [scheme, ...parameters]);

test("35: several challenges in one header, commas inside quotes", () => {
  assert.deepEqual(
    plain('Basic realm="a, b", Bearer realm="https://auth.example/token",service=reg,scope="repository:x:pull,push"'),
    [
      ["basic", ["realm", "a, b"]],
      ["bearer", ["realm", "https://auth.example/token"], ["service", "reg"], ["scope", "repository:x:pull,push"]],
    ],
  );
});

test("35: case, blanks, escapes and schemes without parameters", () => {
  assert.deepEqual(plain('BEARER  Realm = "q\\"uote" ,  x=1'), [["bearer", ["realm", 'q"uote'], ["x", "1"]]]);
  assert.deepEqual(plain("Negotiate, Basic"), [["negotiate"], ["basic"]]);
  assert.deepEqual(plain(""), []);
  assert.deepEqual(plain('Bearer realm="unclosed'), [["bearer"]]);
});

test("37: Retry-After in seconds and as a date", () => {
  assert.equal(retryAfterMs("7"), 7000);
  assert.equal(retryAfterMs(undefined), undefined);
  assert.equal(retryAfterMs("soon"), undefined);
  assert.equal(retryAfterMs("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
  const later = retryAfterMs(new Date(Date.now() + 5000).toUTCString()) ?? 0;
  assert.ok(later > 3000 && later <= 5000);
});

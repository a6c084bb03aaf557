import assert from "node:assert/strict";
import { test } from "node:test";
import { Problem } from "../../api/problems.ts";
import { type Attempt, LoginThrottle } from "./login-throttle.ts";

const guess: Attempt = { name: "ann", address: "203.0.113.7", isKnownAddress: false };

function setUp() {
  let nowMs = 1_000_000;
  const throttle = new LoginThrottle(() => nowMs);
  const isAllowed = (attempt: Attempt) => {
    try {
      throttle.require(attempt);
      return true;
    } catch (error) {
      assert.ok(error instanceof Problem && error.code === "server/rate-limited");
      return false;
    }
  };
  const fail = (attempt: Attempt, times: number) => {
    for (let i = 0; i < times; i++) throttle.failed(attempt);
  };
  return { throttle, isAllowed, fail, advance: (ms: number) => (nowMs += ms) };
}

test("the wait doubles, ends at a minute, and is forgotten", () => {
  const { isAllowed, fail, advance } = setUp();
  fail(guess, 4);
  assert.ok(isAllowed(guess));
  fail(guess, 1);
  assert.ok(!isAllowed(guess));
  advance(1000);
  assert.ok(isAllowed(guess));
  fail(guess, 1);
  advance(1999);
  assert.ok(!isAllowed(guess));
  fail(guess, 30);
  advance(60_000);
  assert.ok(isAllowed(guess));
  fail(guess, 1);
  advance(15 * 60_000);
  fail(guess, 1);
  assert.ok(isAllowed(guess));
});

test("the owner of the account is not locked out by a guesser elsewhere, nor by very many of them", () => {
  const { isAllowed, fail } = setUp();
  const owner = { ...guess, address: "198.51.100.1" };
  fail(guess, 40);
  assert.ok(!isAllowed(guess));
  assert.ok(isAllowed(owner));
  for (let i = 0; i < 60; i++) fail({ ...guess, address: `192.0.2.${i}` }, 1);
  assert.ok(!isAllowed({ ...guess, address: "192.0.2.200" }));
  assert.ok(isAllowed({ ...owner, isKnownAddress: true }));
});

test("a right password forgives the mistakes of that address", () => {
  const { throttle, isAllowed, fail } = setUp();
  fail(guess, 5);
  throttle.succeeded(guess);
  fail(guess, 4);
  assert.ok(isAllowed(guess));
});

test("names are bounded, so that a flood of them fills no memory", () => {
  const { isAllowed, fail } = setUp();
  fail(guess, 10);
  for (let i = 0; i < 12_000; i++) fail({ ...guess, name: `x${i}` }, 1);
  assert.ok(isAllowed(guess), "the oldest are forgotten first");
});

import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test, type TestContext } from "node:test";
import type { WebSocket } from "ws";
import { keepAlive } from "./keep-alive.ts";

const intervalMs = 30_000;

class Line extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  isPaused = false;
  answers = true;
  pings = 0;

  ping(): void {
    this.pings++;
    if (this.answers && !this.isPaused) this.emit("pong");
  }

  terminate(): void {
    this.readyState = 3;
    this.emit("close");
  }
}

function open(t: TestContext, patience: Parameters<typeof keepAlive>[1] = "viewer"): Line {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const line = new Line();
  keepAlive(line as unknown as WebSocket, patience);
  return line;
}

test("a line whose client answers stays", t => {
  const line = open(t);
  t.mock.timers.tick(10 * intervalMs);
  assert.deepEqual([line.readyState, line.pings], [1, 10]);
});

test("a client that has vanished is let go of, once and for all", t => {
  const line = open(t);
  line.answers = false;
  t.mock.timers.tick(2 * intervalMs);
  assert.equal(line.readyState, 3);
  t.mock.timers.tick(10 * intervalMs);
  assert.equal(line.pings, 1);
});

test("one whose answers we do not read is not held to have vanished", t => {
  const line = open(t);
  line.isPaused = true;
  t.mock.timers.tick(10 * intervalMs);
  assert.equal(line.readyState, 1);
  line.isPaused = false;
  line.answers = false;
  t.mock.timers.tick(2 * intervalMs);
  assert.equal(line.readyState, 3);
});

test("a client that reads nothing because the program behind it takes nothing stays for hours, and is pinged", t => {
  const line = open(t, "stream");
  line.answers = false;
  t.mock.timers.tick(6 * 60 * 60_000);
  assert.deepEqual([line.readyState, line.pings], [1, 720]);
  line.emit("pong");
  t.mock.timers.tick(11 * 60 * 60_000);
  assert.equal(line.readyState, 1);
  t.mock.timers.tick(2 * 60 * 60_000);
  assert.equal(line.readyState, 3);
});

test("what a client sends is a sign of life, too", t => {
  const line = open(t);
  line.answers = false;
  for (let i = 0; i < 10; i++) {
    t.mock.timers.tick(intervalMs);
    line.emit("message");
  }
  assert.equal(line.readyState, 1);
});

test("one who listens on a port of a machine may miss a few pings, and no more", t => {
  const line = open(t, "listener");
  line.answers = false;
  t.mock.timers.tick(4 * intervalMs);
  assert.equal(line.readyState, 1);
  t.mock.timers.tick(intervalMs);
  assert.equal(line.readyState, 3);
});

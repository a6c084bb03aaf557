import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { ClientRequest } from "node:http";
import { describe, test, type TestContext } from "node:test";
import { endWhenStalled, TransportError } from "./stall.ts";

const patience = { idleMs: 30_000, answerMs: 60_000, windowMs: 60_000, minWindowBytes: 60_000 };

/** A request and its answer that do nothing; `ends` are the reasons they were ended for. */
function exchange(context: TestContext) {
  context.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const ends: string[] = [];
  const part = (name: string) =>
    Object.assign(new EventEmitter(), {
      destroy(error: Error) {
        assert.ok(error instanceof TransportError);
        ends.push(`${name}: ${error.message}`);
      },
    });
  const outgoing = part("request");
  const socket = { bytesRead: 500 };
  const body = Object.assign(part("body"), { readableLength: 0 });
  endWhenStalled(outgoing as unknown as ClientRequest, "host:5000", patience);
  return { ends, outgoing, socket, body, tick: (ms: number) => context.mock.timers.tick(ms) };
}

describe("an exchange with a peer that stalls", () => {
  test("ends with the reason: the request before its answer, the body afterwards", context => {
    const { ends, outgoing, socket, body } = exchange(context);
    outgoing.emit("timeout");
    assert.deepEqual(ends.splice(0), ["request: host:5000: no data for 30 s"]);
    outgoing.emit("socket", socket);
    outgoing.emit("response", body);
    outgoing.emit("timeout");
    assert.deepEqual(ends, ["body: host:5000: no data for 30 s"]);
  });

  test("ends when its header takes too long; the wait for a socket does not count", context => {
    const { ends, outgoing, socket, tick } = exchange(context);
    tick(120_000);
    outgoing.emit("socket", socket);
    tick(59_999);
    assert.deepEqual(ends, []);
    tick(1);
    assert.deepEqual(ends, ["request: host:5000: no answer within 60 s"]);
  });

  test("ends when a window brought too little, each judged for itself and from the answer on", context => {
    const { ends, outgoing, socket, body, tick } = exchange(context);
    outgoing.emit("socket", socket);
    tick(50_000);
    outgoing.emit("response", body);
    for (let window = 0; window < 3; window++) {
      socket.bytesRead += 60_000;
      tick(60_000);
    }
    assert.deepEqual(ends, []);
    socket.bytesRead += 59_999;
    tick(60_000);
    assert.deepEqual(ends, ["body: host:5000: only 59999 bytes in 60 s"]);
  });

  test("goes on while its own reader is behind, and is left alone when it is over", context => {
    const { ends, outgoing, socket, body, tick } = exchange(context);
    outgoing.emit("socket", socket);
    outgoing.emit("response", body);
    body.readableLength = 1;
    outgoing.emit("timeout");
    tick(60_000);
    body.readableLength = 0;
    outgoing.emit("close");
    tick(600_000);
    assert.deepEqual(ends, []);
  });
});

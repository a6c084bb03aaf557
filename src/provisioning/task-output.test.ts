import assert from "node:assert/strict";
import { test } from "node:test";
import { TaskOutput } from "./task-output.ts";

const stream = "login noise\n\x1en1 start\nhello\nlast line\x1en1 end 7\nbackground";

for (const size of [1, 2, 5, 1000]) {
  test(`the task's own bytes come out, in pieces of ${size}`, () => {
    let seen = "";
    const output = new TaskOutput("n1", chunk => (seen += chunk));
    const bytes = Buffer.from(stream);
    for (let at = 0; at < bytes.length; at += size) output.push(bytes.subarray(at, at + size));
    assert.equal(seen, "hello\nlast line");
    assert.equal(output.end, "7");
  });
}

test("bytes that only look like a mark are output", () => {
  let seen = "";
  const output = new TaskOutput("n1", chunk => (seen += chunk));
  output.push(Buffer.from("\x1en1 start\n\x1en2 end 0\n\x1en"));
  output.push(Buffer.from("0 x\n"));
  assert.equal(seen, "\x1en2 end 0\n\x1en0 x\n");
  assert.equal(output.end, undefined);
});

test("a mark without an end of line does not make it hold more and more", () => {
  let seen = 0;
  const output = new TaskOutput("n1", chunk => (seen += chunk.length));
  output.push(Buffer.from("\x1en1 start\n\x1en1 "));
  for (let i = 0; i < 100; i++) output.push(Buffer.alloc(1000, "x"));
  assert.ok(seen >= 98_000, `${seen} of 100000 bytes came out`);
});

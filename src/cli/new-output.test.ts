import assert from "node:assert/strict";
import { test } from "node:test";
import { newOutput } from "./new-output.ts";

test("what has been printed is not printed again", () => {
  assert.equal(newOutput("", "one\n"), "one\n");
  assert.equal(newOutput("one\n", "one\ntwo\n"), "two\n");
  assert.equal(newOutput("one\n", "one\n"), "");
});

test("the beginning may have been dropped since", () => {
  const long = Array.from({ length: 2000 }, (_, index) => `line ${index}`).join("\n");
  assert.equal(newOutput(long, `${long.slice(5000)}\nmore`), "\nmore");
});

test("an output that began anew is printed whole", () => {
  assert.equal(newOutput("first attempt\n", "second attempt\n"), "second attempt\n");
});

test("half a character is printed when it is whole", () => {
  assert.equal(newOutput("caf\ufffd", "café\n"), "é\n");
});

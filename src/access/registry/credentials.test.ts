import assert from "node:assert/strict";
import { test } from "node:test";
import { credentialCheck } from "./credentials.ts";

const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

test("without credentials to ask for everybody passes", () => {
  const isAllowed = credentialCheck(undefined);
  assert.equal(isAllowed(undefined), true);
  assert.equal(isAllowed(basic("any:one")), true);
});

test("only the whole user and password pass", () => {
  const isAllowed = credentialCheck("someone:se:crét");
  assert.equal(isAllowed(basic("someone:se:crét")), true);
  assert.equal(isAllowed(basic("someone:se:crét").replace("Basic", "basic")), true);
  const wrong = ["", "someone", "someone:", "someone:se", "someone:se:crét ", "Someone:se:crét", ":se:crét"].map(basic);
  for (const header of [undefined, "", "Basic", "Bearer abc", "Basic someone:se:crét", "Basic !!", ...wrong])
    assert.equal(isAllowed(header), false, header);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { hashPassword, isOutdated, requireGoodPassword, verifyPassword } from "./passwords.ts";

test("a password is stored in a form that says how it was made, and never twice alike", async () => {
  const [first, second] = await Promise.all([hashPassword("correct horse"), hashPassword("correct horse")]);
  assert.match(first, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.notEqual(first, second);
  assert.equal(await verifyPassword("correct horse", first), true);
  assert.equal(await verifyPassword("correct horse ", first), false);
  assert.equal(await verifyPassword("", first), false);
  assert.equal(isOutdated(first), false);
});

test("a hash of other parameters (made by another program) is verified, and known as outdated", async () => {
  const foreign =
    "$argon2id$v=19$m=256,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$" +
    (await import("node:crypto"))
      .argon2Sync("argon2id", {
        message: "correct horse",
        nonce: Buffer.from("c29tZXNhbHRzb21lc2FsdA", "base64"),
        parallelism: 1,
        tagLength: 32,
        memory: 256,
        passes: 1,
      })
      .toString("base64")
      .replace(/=+$/, "");
  assert.equal(await verifyPassword("correct horse", foreign), true);
  assert.equal(await verifyPassword("wrong horse", foreign), false);
  assert.equal(isOutdated(foreign), true);
});

test("who has no password is refused, whatever they type", async () => {
  assert.equal(await verifyPassword("anything", undefined), false);
});

test("composed and decomposed characters are the same password", async () => {
  assert.equal(await verifyPassword("cafe\u0301-cafe\u0301", await hashPassword("caf\u00e9-caf\u00e9")), true);
});

test("passwords that are tried first are refused", () => {
  for (const password of ["short", "a".repeat(20), "password123", "Ann-Dev-Ann-Dev", "1234567890", "x".repeat(300)]) {
    assert.throws(() => requireGoodPassword(password, "ann-dev"), { code: "server/password-refused" }, password);
  }
  requireGoodPassword("correct horse battery", "ann-dev");
});

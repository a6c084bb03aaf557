import assert from "node:assert/strict";
import { test } from "node:test";
import { createSshKeyPair, isSshPrivateKey } from "./ssh-key-pair.ts";

test("every pair is whole", () => {
  // Enough to meet each first byte of a key: were one pair in 256 broken, it would be among them.
  for (let count = 0; count < 3000; count++) {
    const { privateKey, publicKey } = createSshKeyPair("root@box");
    const [type, encoded = "", comment] = publicKey.split(" ");
    assert.deepEqual([type, comment], ["ssh-ed25519", "root@box"]);
    // RFC 8709: a string of 11 bytes and one of 32, each behind its length.
    assert.equal(Buffer.from(encoded, "base64").length, 4 + 11 + 4 + 32);
    assert.ok(isSshPrivateKey(privateKey) && privateKey.endsWith("-----END OPENSSH PRIVATE KEY-----\n"));
  }
});

test("a text that is cut off is no key", () => {
  const { privateKey } = createSshKeyPair("box");
  assert.equal(isSshPrivateKey(privateKey.slice(0, privateKey.length / 2)), false);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import ssh2 from "ssh2";
import { createSshKeyPair } from "../../lib/ssh-key-pair.ts";
import { readSshPublicKey } from "./ssh-public-key.ts";

const pair = createSshKeyPair("me@laptop");
const [kind = "", blob = ""] = pair.publicKey.split(" ");

test("the content of a .pub file becomes one line", () => {
  assert.equal(readSshPublicKey(`${pair.publicKey}\n`), `${kind} ${blob} me@laptop`);
  assert.equal(readSshPublicKey(`${kind} ${blob}`), `${kind} ${blob}`);
  assert.equal(readSshPublicKey(`${kind} ${blob} a\u0007\u2028b é`), `${kind} ${blob} a??b ?`);
  const rsa = ssh2.utils.generateKeyPairSync("rsa", { bits: 2048 });
  assert.match(readSshPublicKey(rsa.public), /^ssh-rsa /);
  const name = "sk-ssh-ed25519@openssh.com";
  const length = Buffer.alloc(4);
  length.writeUInt32BE(name.length);
  const key = Buffer.concat([length, Buffer.from(name), Buffer.alloc(60)]).toString("base64");
  assert.equal(readSshPublicKey(`${name} ${key} token`), `${name} ${key} token`);
});

test("nothing but a key gets through", () => {
  for (const text of [
    "",
    "nonsense",
    pair.privateKey,
    `command="rm -rf /" ${kind} ${blob}`,
    `no-pty,${kind} ${blob}`,
    `${kind} ${blob}\n${kind} ${blob}`,
    `${kind} ${blob}\rssh-rsa AAAA`,
    `@cert-authority ${kind} ${blob}`,
    `ssh-rsa ${blob}`,
    `${kind} ${blob.slice(0, -8)}`,
    `${kind} ${blob}AAAA====`,
    `${kind} AAAAC3NzaC1lZDI1NTE5`,
    `${kind}-cert-v01@openssh.com ${blob}`,
    `${kind} ${"A".repeat(20_000)}`,
  ]) {
    assert.throws(() => readSshPublicKey(text), { code: "access/ssh-key" }, text.slice(0, 60));
  }
});
